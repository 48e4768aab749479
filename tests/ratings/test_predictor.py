"""Predictions from ratings alone: sums that are exact, only the past, and everybody folded in alike."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from services.ratings.base import Known, Questions
from services.ratings.history import Histories
from services.ratings.model import PARTS
from services.ratings.predictor import PEOPLE_AT_ONCE, Estimates, Predictor, counts_before
from services.ratings.trained import Trained

LATER = 950_000_000  # after every rating of the toy
MIDDLE = 850_000_000


def everything(at: int | None = None) -> Questions:
    """All users about all movies."""
    person, movie = torch.cartesian_prod(torch.arange(41), torch.arange(30)).unbind(1)
    return Questions(person, movie, None if at is None else torch.full_like(person, at))


def answer(trained: Trained, asked: Questions, predictor: Predictor | None = None) -> Estimates:
    return (predictor or trained.predictor).answer(trained.own, trained.profile, asked)


def known(trained: Trained, user: int, own: Histories | None = None) -> Known:
    one = torch.tensor([user])
    return trained.predictor.base.know(own or trained.own.of(one), trained.profile[one])


# ---- stars, parts and intervals


@pytest.mark.parametrize("at", [None, MIDDLE, LATER])
def test_parts_add_up_to_the_stars(trained: Trained, at: int | None) -> None:
    found = answer(trained, everything(at))
    assert found.parts.shape == (41 * 30, len(PARTS) + 1)
    assert np.abs(found.parts.sum(1) - found.stars).max() < 1e-5


def test_parts_add_up_to_the_stars_also_where_they_are_cut_off(trained: Trained) -> None:
    narrow = replace(trained.predictor, scale=(2.8, 3.2))
    found, whole = answer(trained, everything(), narrow), answer(trained, everything())
    cut = found.parts[:, -1] != 0
    assert 100 < cut.sum() < len(cut)
    assert np.abs(found.parts.sum(1) - found.stars).max() < 1e-5
    assert found.unclipped == pytest.approx(whole.unclipped, abs=1e-5)


def test_stars_lie_in_their_interval_and_both_on_the_scale(trained: Trained) -> None:
    for scale in ((1.0, 5.0), (2.8, 3.2)):
        found = answer(trained, everything(), replace(trained.predictor, scale=scale))
        ends = np.column_stack([np.full(1230, scale[0]), found.low, found.stars, found.high, np.full(1230, scale[1])])
        assert (np.diff(ends, axis=1) >= 0).all()


def test_the_first_three_parts_are_the_mean_over_samples_of_the_factors(trained: Trained) -> None:
    one, factors = known(trained, 3), trained.predictor.base.factors
    w, v = one.people.rows[:, 0].double(), factors.movies.double()  # (S, D), (S, M, D)
    stars = float(factors.mu) + (v[..., 0] + w[:, None, 0] + (v[..., 1:] @ w[:, 1:, None])[..., 0]).mean(0)  # (M,)
    found = trained.predictor.estimate(one, Questions(torch.zeros(30, dtype=torch.long), torch.arange(30), None))
    assert found.parts[:, :3].sum(1) == pytest.approx(stars.numpy(), abs=1e-5)


def test_who_has_rated_nothing_has_no_context_and_the_widest_doubt_of_taste(trained: Trained) -> None:
    found = answer(trained, everything())
    nobody = found[np.arange(40 * 30, 41 * 30)]
    assert (nobody.parts[:, PARTS.index("context")] == 0).all()
    factors, movie = trained.predictor.base.factors, torch.arange(30)
    variance = [
        float(factors.variance(known(trained, u).people, torch.zeros_like(movie), movie).mean()) for u in (0, 40)
    ]
    assert variance[0] < variance[1]


# ---- whose questions, and in which order


def test_questions_are_answered_in_the_order_asked_as_each_alone(trained: Trained) -> None:
    mixed = torch.randperm(1230, generator=torch.Generator().manual_seed(0))[:40]
    asked = everything(MIDDLE).of(mixed)
    found = answer(trained, asked)
    alone = Estimates.join([answer(trained, asked.of(torch.tensor([row]))) for row in range(40)])
    assert found.stars == pytest.approx(alone.stars, abs=1e-5)
    assert found.low == pytest.approx(alone.low, abs=2e-4)
    assert found.sd == pytest.approx(alone.sd, abs=1e-4)


def test_more_people_than_fit_at_once_are_answered_in_the_order_asked(trained: Trained) -> None:
    """Everybody listed thirty times over, and asked about in a random order."""
    people = torch.arange(41).repeat(30)
    person = torch.randperm(len(people), generator=torch.Generator().manual_seed(0))
    asked = Questions(person, person % 30, None)
    many = trained.predictor.answer(trained.own.of(people), trained.profile[people], asked)
    once = answer(trained, Questions(people[person], person % 30, None))
    assert len(people) > PEOPLE_AT_ONCE
    assert many.stars == pytest.approx(once.stars, abs=1e-5)


def test_the_order_in_which_ratings_are_listed_plays_no_role(trained: Trained) -> None:
    own, mu = trained.own.of(torch.tensor([5])), trained.predictor.base.factors.mu
    mixed = torch.randperm(len(own.movie), generator=torch.Generator().manual_seed(1))
    rows = (own.person[mixed], own.movie[mixed], own.y[mixed] + mu, own.at[mixed])
    again = trained.predictor.histories(*rows, people=1)
    one, other = (known(trained, 5, each).people.rows for each in (own, again))
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


# ---- only the past


def test_only_ratings_up_to_the_moment_count() -> None:
    own = Histories(torch.arange(5), torch.zeros(5), torch.tensor([0, 10, 20, 5, 15]), torch.tensor([0, 3, 5]))
    asked = Questions(
        torch.tensor([0, 0, 0, 1, 1]), torch.zeros(5, dtype=torch.long), torch.tensor([10, 19, 99, 5, 14])
    )
    assert counts_before(own, asked).tolist() == [2, 2, 3, 1, 1]
    assert counts_before(own, replace(asked, at=None)).tolist() == [3, 3, 3, 2, 2]


def test_what_is_rated_later_changes_nothing_at_a_moment(trained: Trained) -> None:
    own, nine = trained.own, torch.tensor([9])
    more = Histories.group(
        torch.cat([own.person, nine]),
        torch.cat([own.movie, torch.tensor([29])]),
        torch.cat([own.y, torch.tensor([2.0])]),
        torch.cat([own.at, torch.tensor([MIDDLE + 1])]),
        len(own),
    )
    asked = everything(MIDDLE)
    before, after = answer(trained, asked), trained.predictor.answer(more, trained.profile, asked)
    assert np.array_equal(before.stars, after.stars)
    later = everything(LATER)
    assert not np.array_equal(
        answer(trained, later).stars, trained.predictor.answer(more, trained.profile, later).stars
    )


def test_a_moment_plays_no_role_where_the_data_has_no_times(trained: Trained) -> None:
    untimed = replace(trained.predictor, timed=None)
    assert np.array_equal(answer(trained, everything(MIDDLE), untimed).stars, answer(trained, everything()).stars)


# ---- why


@pytest.mark.parametrize("user", [0, 17, 40])
@pytest.mark.parametrize("at", [None, LATER])
def test_prior_pushes_and_mlp_add_up_to_the_stars(trained: Trained, user: int, at: int | None) -> None:
    movie, one = torch.arange(30), known(trained, user)
    moment = None if at is None else torch.full_like(movie, at)
    found = trained.predictor.estimate(one, Questions(torch.zeros_like(movie), movie, moment))
    why = trained.predictor.why(one, movie, moment)
    total = why.prior + why.pushes.sum(1) + found.parts[:, PARTS.index("mlp")]
    assert total == pytest.approx(found.unclipped, abs=2e-5)


def test_the_prior_is_what_is_told_to_somebody_without_ratings(trained: Trained) -> None:
    """In the samples' mean: where people come from, and what features say; the company that they keep is known."""
    movie, nobody = torch.arange(30), known(trained, 40)
    zero = torch.zeros_like(movie)
    assert trained.predictor.why(nobody, movie, None).prior == pytest.approx(
        trained.predictor.base.factors.stars(nobody.people, zero, movie).double().numpy(), abs=1e-5
    )


def with_stars(trained: Trained, one: Known, y: Tensor) -> Known:
    """The same person had he given other stars, his noise alpha held: then w is linear in y.

    w = m + C alpha sum_j z_j (y_j - b_j - z_j . m), worked out sample by sample.
    """
    factors, people, mine = trained.predictor.base.factors, one.people, one.own.movie
    rows = []
    for v, m, c, alpha in zip(factors.movies, people.prior, people.covariance, people.alpha, strict=True):
        z = torch.cat([torch.ones(len(mine), 1), v[mine, 1:]], dim=1)  # (R, D)
        rows.append(m[0] + alpha[0] * c[0] @ z.T @ (y - v[mine, 0] - z @ m[0]))
    changed = replace(people, rows=torch.stack(rows)[:, None])
    errors = y - (factors.stars(changed, one.own.person, mine) - factors.mu)
    return Known(replace(one.own, y=y), changed, errors)


def linear_parts(predictor: Predictor, one: Known, asked: Questions) -> np.ndarray:
    """All of the stars but the MLP and the clip."""
    return np.asarray(predictor.estimate(one, asked).parts[:, :4].sum(1))


def test_the_formula_of_the_pushes_is_that_of_the_folding_in(trained: Trained) -> None:
    one = known(trained, 2)
    torch.testing.assert_close(with_stars(trained, one, one.own.y).people.rows, one.people.rows, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("at", [None, LATER])
@pytest.mark.parametrize("own", [0, 4])
def test_another_star_for_one_rating_moves_the_prediction_by_what_its_push_moves(
    trained: Trained, at: int | None, own: int
) -> None:
    """Finite differences: the sum is linear in every own rating, so the step may be a whole star."""
    movie, predictor = torch.arange(30), trained.predictor
    moment = None if at is None else torch.full_like(movie, at)
    asked, one = Questions(torch.zeros_like(movie), movie, moment), known(trained, 2)
    step = torch.nn.functional.one_hot(torch.tensor(own), len(one.own.y)).float()
    more = with_stars(trained, one, one.own.y + step)
    moved = linear_parts(predictor, more, asked) - linear_parts(predictor, one, asked)
    pushes = predictor.why(more, movie, moment).pushes - predictor.why(one, movie, moment).pushes  # (B, R)
    assert pushes[:, own] == pytest.approx(moved, abs=1e-4)
    assert np.abs(np.delete(pushes, own, axis=1)).max() < 1e-4
    assert np.abs(moved).max() > 1e-3
