"""The newsletter's network and protocol as its text has them, and the measuring of what each choice was worth."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from services.ratings.dataset import Dataset
from services.ratings.newsletter.__main__ import main
from services.ratings.newsletter.measure import Outcome, measure
from services.ratings.newsletter.network import BRANCHES, Network, Rows, epochs, predicted
from services.ratings.newsletter.protocol import Choices, first_ratings, hold_out, scaled, split, stars_per_unit
from services.ratings.newsletter.worth import CHANGES, WITHOUT, facts, steps
from services.ratings.peers.stars import bias_only

USUAL = Choices(movies_apart=False, scaled_by_movie=False, squared=True)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """As the command does; on busy cores, the threads of so small a network only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def few() -> Dataset:
    """Ten movies, of which the last two are the test part; movie 9 is rated once, movie 10 twice alike."""
    rows = [(1, 1, 5), (1, 2, 1), (1, 9, 4), (2, 1, 3), (2, 2, 2), (2, 10, 3), (3, 1, 1), (3, 2, 3), (3, 10, 3)]
    ratings = pd.DataFrame(rows, columns=["user_id", "movie_id", "stars"]).astype({"stars": "float32"})
    movies = pd.DataFrame({"movie_id": range(1, 11), "title": "x", "year": [1999, 2000, *[0] * 8], "genres": "Drama"})
    users = pd.DataFrame({"user_id": [1, 2, 3]})
    return Dataset(ratings[::-1].assign(timestamp=0), movies, users, (1.0, 5.0), "few", "none")


@pytest.fixture(scope="module")
def rows() -> Rows:
    torch.manual_seed(1)
    return Rows(torch.tensor([0, 1, 1]), torch.tensor([3, 0, 2]), torch.rand(3, 4), torch.rand(3, 2), torch.rand(3))


def network(**others: tuple[str, ...]) -> Network:
    torch.manual_seed(0)
    return Network(users=2, movies=4, features=4, context=2, **others)


def test_the_network_is_the_equation_in_its_docstring(rows: Rows) -> None:
    net, row = network(), 1
    user, movie = rows.user[row], rows.movie[row]
    branches = [
        (net.p.weight[user] * net.q.weight[movie]).sum()[None],
        net.mlp(torch.cat([net.e_u.weight[user], net.e_i.weight[movie]])).clamp(min=0),
        net.x(rows.features[row]).clamp(min=0),
        net.c(rows.context[row]).clamp(min=0),
    ]
    assert [len(branch) for branch in branches] == [1, 25, 4, 2]
    y = net.y.weight[0] @ torch.cat(branches) + net.y.bias[0]
    assert predicted(net, rows)[row].item() == pytest.approx(y.item())


@pytest.mark.parametrize("dropped", BRANCHES)
def test_a_branch_left_out_has_no_gradient_and_the_others_have(rows: Rows, dropped: str) -> None:
    net = network(branches=tuple(branch for branch in BRANCHES if branch != dropped))
    net(rows).sum().backward()
    own = {"matrix factorisation": net.p, "MLP": net.e_u, "features": net.x, "context": net.c}
    assert {name for name, part in own.items() if part.weight.grad is None} == {dropped}


def test_the_first_weights_are_those_of_keras() -> None:
    net = Network(users=2000, movies=4, features=20, context=2)
    assert net.p.weight.abs().max() <= 0.05
    assert net.p.weight.std().item() == pytest.approx(0.1 / 12**0.5, rel=0.02)  # of a uniform distribution
    assert net.mlp.weight.abs().max().item() == pytest.approx((6 / (100 + 25)) ** 0.5, rel=0.01)
    assert not net.mlp.bias.any()


@pytest.mark.parametrize("squared", [False, True])
def test_the_network_learns_a_few_rows_by_heart(rows: Rows, squared: bool) -> None:
    net = network()
    assert list(epochs(net, rows, squared=squared, most=300, seed=0))[-1] == 300
    assert predicted(net, rows).tolist() == pytest.approx(rows.y.tolist(), abs=0.02)


def test_ratings_are_sorted_by_user_and_movie_as_the_stacked_table_is(few: Dataset) -> None:
    found = first_ratings(few, 10_000)
    assert found.user.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert found.column.tolist() == [0, 1, 8, 0, 1, 9, 0, 1, 9]
    assert found.stars.tolist() == [5, 1, 4, 3, 2, 3, 1, 3, 3]
    assert found.features[found.movie].shape == (9, 20)


def test_only_the_first_rows_are_read(few: Dataset) -> None:
    assert first_ratings(few, 4).stars.tolist() == [3, 1, 3, 3]  # the frame begins with user 3


def test_the_context_is_daytime_and_weekend(few: Dataset) -> None:
    """User 1's ratings: a Thursday at 0 h, the Friday after at 12 h, the Sunday after at 20 h."""
    times = pd.DataFrame({"movie_id": [1, 2, 9], "stars": 3.0, "timestamp": [0, 36 * 3600, 92 * 3600]})
    found = first_ratings(replace(few, ratings=times.assign(user_id=1)), 10_000)
    assert found.context.tolist() == [[0, 0], [1, 0], [0, 1]]


def test_by_its_text_old_marks_the_movies_from_2000_on_and_those_without_a_year(few: Dataset) -> None:
    old = first_ratings(few, 10_000).features[:, -1]
    assert old.tolist() == [0, 1, 1, 1]  # movies 1, 2, 9, 10


def test_each_movie_is_scaled_by_its_own_ratings(toy: Dataset) -> None:
    found = first_ratings(toy, 10_000)
    table = pd.DataFrame({"movie": found.movie, "stars": found.stars.double()}).groupby("movie")["stars"]
    low, high = table.transform("min"), table.transform("max")
    expected = 0.5 + 0.5 * (found.stars.numpy() - low) / (high - low)
    assert scaled(found, by_movie=True).numpy() == pytest.approx(expected.to_numpy(), abs=1e-6)


def test_a_movie_whose_ratings_are_all_alike_becomes_half(few: Dataset) -> None:
    found = first_ratings(few, 10_000)
    assert scaled(found, by_movie=True)[found.column >= 8].tolist() == [0.5, 0.5, 0.5]


def test_on_one_scale_for_all_the_stars_come_back(few: Dataset) -> None:
    found = first_ratings(few, 10_000)
    y = scaled(found, by_movie=False)
    assert ((y - 0.5) * stars_per_unit(found) + 1).tolist() == pytest.approx(found.stars.tolist())


def test_the_newsletter_tests_on_the_last_fifth_of_the_movies(few: Dataset) -> None:
    found = first_ratings(few, 10_000)
    training, test = split(found, movies_apart=True, seed=0)
    assert found.column[test].tolist() == [8, 9, 9]
    assert sorted([*training.tolist(), *test.tolist()]) == list(range(9))


def test_the_usual_split_tests_on_a_fifth_of_the_ratings_by_chance(toy: Dataset) -> None:
    found = first_ratings(toy, 10_000)
    parts = [split(found, movies_apart=False, seed=seed) for seed in (0, 0, 1)]
    training, test = parts[0]
    assert len(test) == len(found.stars) // 5
    assert sorted([*training.tolist(), *test.tolist()]) == list(range(len(found.stars)))
    assert test.tolist() == parts[1][1].tolist() != parts[2][1].tolist()


def test_validation_rows_are_the_last_three_tenths_as_they_lie() -> None:
    learning, held = hold_out(torch.arange(10))
    assert (learning.tolist(), held.tolist()) == ([0, 1, 2, 3, 4, 5, 6], [7, 8, 9])


def test_the_facts_of_the_protocol_are_counted(few: Dataset) -> None:
    found = facts(first_ratings(few, 10_000))
    assert (found.training_ratings, found.test_ratings, found.test_movies_in_training) == (6, 3, 0)
    assert found.movies_with_equal_ratings == 0.5
    assert (found.validation_users, found.validation_users_never_fitted) == (1, 1)
    assert found.old == 0.9


@pytest.fixture(scope="module")
def outcome(toy: Dataset) -> Outcome:
    return measure(first_ratings(toy, 10_000), USUAL, seed=0)


def test_the_network_finds_what_there_is_to_learn(outcome: Outcome) -> None:
    assert outcome.network.rmse < 0.9 * outcome.constant.rmse
    assert (outcome.unit, outcome.test_ratings, outcome.epochs) == ("stars", 120, 100)


def test_the_same_seed_gives_the_same_outcome(toy: Dataset, outcome: Outcome) -> None:
    assert measure(first_ratings(toy, 10_000), USUAL, seed=0) == outcome


def test_the_baselines_are_those_of_the_training_part_in_stars(toy: Dataset, outcome: Outcome) -> None:
    found = first_ratings(toy, 10_000)
    training, test = (part.numpy() for part in split(found, movies_apart=False, seed=0))
    known, asked = found.data.ratings.iloc[training], found.data.ratings.iloc[test]
    truth = asked["stars"].to_numpy(float)
    off = bias_only(replace(toy, ratings=known), asked).stars - truth
    assert outcome.bias.rmse == pytest.approx(np.sqrt((off**2).mean()), rel=1e-4)
    assert outcome.constant.mae == pytest.approx(np.abs(truth - known["stars"].median()).mean(), rel=0.01)
    assert outcome.constant.rmse == pytest.approx(np.sqrt(((truth - known["stars"].mean()) ** 2).mean()), rel=1e-4)


def test_the_tables_are_those_of_users_with_five_test_movies_and_of_the_second_user(
    toy: Dataset, outcome: Outcome
) -> None:
    found = first_ratings(toy, 10_000)
    of_user = torch.bincount(found.user[split(found, movies_apart=False, seed=0)[1]])
    assert outcome.mean
    assert outcome.mean.users == (of_user >= 5).sum()
    assert outcome.mean.candidates == pytest.approx(of_user[of_user >= 5].double().mean().item())
    assert outcome.single
    assert outcome.single.candidates == of_user[1]


def test_epochs_chosen_on_validation_are_fewer_than_a_hundred_where_more_do_not_help(toy: Dataset) -> None:
    noise = torch.Generator().manual_seed(0)
    found = first_ratings(toy, 10_000)
    found = replace(found, stars=torch.randint(1, 6, found.stars.shape, generator=noise).float())
    assert 1 <= measure(found, replace(USUAL, epochs=None), seed=0).epochs < 100


def test_each_step_changes_one_choice_and_the_last_ones_leave_out_branches() -> None:
    found = [choices for _, choices in steps()]
    assert found[0] == Choices()
    assert all(len(change) == 1 for change in list(CHANGES.values())[1:])
    assert [set(BRANCHES) - set(choices.branches) for choices in found[-len(WITHOUT) :]] == list(map(set, WITHOUT))


def test_the_command_measures_any_source(
    toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"user_id": "userId", "movie_id": "movieId", "stars": "rating"}
    toy.ratings.rename(columns=names).to_csv(tmp_path / "ratings.csv", index=False)
    monkeypatch.setattr(sys, "argv", ["newsletter", "--data", str(tmp_path / "ratings.csv"), "--seeds", "0", "--json"])
    main()
    said = json.loads(capsys.readouterr().out)
    assert said["facts"]["ratings"] == 600
    assert [step["name"] for step in said["steps"]] == [name for name, _ in steps()]
    assert said["steps"][0]["outcomes"]["0"]["unit"] == "scaled"
