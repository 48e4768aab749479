"""Training: the same seed, the same bytes; nothing known, nothing added."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from services.ratings.dataset import Dataset
from services.ratings.engine import Engine
from services.ratings.evaluate import random_split
from services.ratings.learn import Recipe, TooFewRatings, features_of, fit, new_network, penalty_weights, rmse, rows_of
from services.ratings.schemas import Pair, PredictRequest
from services.ratings.train import train
from shared.artifacts import read_manifest

QUICK = Recipe(most_epochs=3)


def test_the_same_seed_gives_the_same_weights_byte_for_byte(toy: Dataset, tmp_path: Path) -> None:
    for name in ("a", "b"):
        train(toy, tmp_path / name, QUICK, seed=3)
    train(toy, tmp_path / "c", QUICK, seed=4)
    a, b, c = (read_manifest(tmp_path / name) for name in "abc")
    assert a == b
    assert a.files["model.safetensors"] != c.files["model.safetensors"]


def test_training_is_repeated_only_for_other_data_recipe_or_seed(toy: Dataset, tmp_path: Path) -> None:
    made = []
    for data, recipe, seed in (("x", QUICK, 0), ("x", QUICK, 0), ("y", QUICK, 0), ("y", QUICK, 1)):
        train(toy, tmp_path / "a", recipe, seed, data)
        made.append((tmp_path / "a").stat().st_ino)
    assert made[0] == made[1] != made[2] != made[3]


def test_the_network_learns_what_the_toy_users_love(toy: Dataset) -> None:
    rows = rows_of(toy)
    network = new_network(rows, features_of(toy), users=41, seed=0)
    before = rmse(network, rows)
    for _ in fit(network, rows, replace(Recipe(), batch=64), epochs=40, seed=0):
        pass
    assert rmse(network, rows) < 0.8 * before


def test_who_never_rated_and_what_was_never_rated_stay_at_zero(toy: Dataset) -> None:
    rows = rows_of(toy)
    network = new_network(rows, features_of(toy), users=41, seed=0)
    for _ in fit(network, rows, Recipe(), epochs=2, seed=0):
        pass
    for of_users, of_movies in network.tables().values():
        assert not of_users[40:].any()
        assert not of_movies[29:].any()


def test_the_test_part_of_a_split_shares_no_rating_with_its_training_part(toy: Dataset) -> None:
    split = random_split(toy)
    both = split.train.ratings.merge(split.test, on=["user_id", "movie_id"])
    assert both.empty
    assert len(split.train.ratings) + len(split.test) == 600


def test_a_row_is_regularised_the_more_the_more_often_it_was_rated(toy: Dataset) -> None:
    rows = rows_of(toy)
    network = new_network(rows, features_of(toy), users=41, seed=0)
    table, weight = penalty_weights(network, rows, Recipe())[0]
    rated = torch.bincount(rows.user, minlength=41)
    assert table is network.b_u.weight
    assert weight.argsort(stable=True).tolist() == rated.argsort(stable=True).tolist()


@pytest.mark.parametrize("alike", ["stars", "user_id", "movie_id"])
def test_ratings_all_alike_still_give_finite_predictions(toy: Dataset, tmp_path: Path, alike: str) -> None:
    """Constant stars, a single user, a single movie."""
    ratings = toy.ratings.assign(**{alike: toy.ratings[alike].iloc[0]})
    train(replace(toy, ratings=ratings), tmp_path / "a", QUICK, seed=0)
    answer = Engine(tmp_path / "a").predict(PredictRequest(pairs=[Pair(user_id=1, movie_id=1)])).predictions[0]
    assert 1 <= answer.low <= answer.stars <= answer.high <= 5


def test_too_few_ratings_are_refused_with_how_many_are_needed(toy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TooFewRatings, match="3 ratings are too few: 200 are needed"):
        train(replace(toy, ratings=toy.ratings[:3]), tmp_path / "a", QUICK, seed=0)
    assert not (tmp_path / "a").exists()
