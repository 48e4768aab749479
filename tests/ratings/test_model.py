"""Folding in against ridge regression and brute force; pushes and parts against their sums."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import Tensor

from services.ratings import base, model
from services.ratings.gibbs import with_offset
from services.ratings.history import Histories
from services.ratings.model import Correction, Factors, Interval, People

SAMPLES, MOVIES, WIDTH = 3, 6, 3


@pytest.fixture
def factors() -> Factors:
    """Three samples of six movies; people have one feature."""
    dice = torch.Generator().manual_seed(0)
    half = torch.randn(SAMPLES, WIDTH, WIDTH, generator=dice)
    return Factors(
        mu=torch.tensor(3.5),
        movies=torch.randn(SAMPLES, MOVIES, WIDTH, generator=dice),
        movie_features=torch.randn(SAMPLES, MOVIES, WIDTH, generator=dice),
        mean=torch.randn(SAMPLES, WIDTH, generator=dice),
        weights=torch.randn(SAMPLES, 1, WIDTH, generator=dice),
        precision=half @ half.mT + torch.eye(WIDTH),
        noise=torch.tensor([0.5, 0.8, 1.0]),
        noise_prior=torch.tensor(16.0),
    )


def histories() -> Histories:
    """Two people and one without ratings."""
    person, movie = torch.tensor([0, 0, 0, 1, 1]), torch.tensor([0, 2, 3, 2, 5])
    return Histories.group(person, movie, torch.tensor([1.0, -1.0, 0.5, 0.0, 1.5]), torch.zeros_like(movie), 3)


def folded(factors: Factors) -> People:
    return factors.fold_in(histories(), torch.tensor([[0.5], [-1.0], [2.0]]))


def z_of(factors: Factors, sample: int, movie: Tensor) -> np.ndarray:
    return np.asarray(with_offset(factors.movies[sample, movie])[:, :-1], float)


def test_folding_in_is_ridge_regression_towards_the_prior_mean(factors: Factors) -> None:
    people, own = folded(factors), histories()
    for sample in range(SAMPLES):
        z, y = z_of(factors, sample, own.movie[:3]), np.asarray(own.y[:3] - factors.movies[sample, own.movie[:3], 0])
        prior, alpha = people.prior[sample, 0].numpy(), people.alpha[sample, 0].item()
        root = np.linalg.cholesky(factors.precision[sample].numpy()).T
        x = np.vstack([np.sqrt(alpha) * z, root])  # least squares with the prior as further rows
        target = np.concatenate([np.sqrt(alpha) * y, root @ prior])
        expected = np.linalg.lstsq(x, target, rcond=None)[0]
        np.testing.assert_allclose(people.rows[sample, 0].numpy(), expected, atol=1e-4)


def test_the_posterior_is_the_product_of_prior_and_likelihood(factors: Factors) -> None:
    """The log density along every axis, by finite differences, has its top and curvature where they are said to be."""
    people, own, step = folded(factors), histories(), 1e-2
    z, y = z_of(factors, 0, own.movie[3:]), np.asarray(own.y[3:] - factors.movies[0, own.movie[3:], 0], float)
    prior, precision = people.prior[0, 1].double().numpy(), factors.precision[0].double().numpy()

    def log_density(w: np.ndarray) -> float:
        errors = y - z @ w
        return float(-(people.alpha[0, 1].item() * errors @ errors + (w - prior) @ precision @ (w - prior)) / 2)

    top = people.rows[0, 1].double().numpy()
    curvature = np.linalg.inv(people.covariance[0, 1].double().numpy())
    for axis in np.eye(WIDTH):
        ahead, here, behind = (log_density(top + sign * step * axis) for sign in (1, 0, -1))
        assert (ahead - behind) / (2 * step) == pytest.approx(0, abs=1e-3)
        assert (ahead - 2 * here + behind) / step**2 == pytest.approx(-axis @ curvature @ axis, rel=1e-3)


def test_without_ratings_a_person_is_what_his_features_promise(factors: Factors) -> None:
    people = folded(factors)
    torch.testing.assert_close(people.rows[:, 2], factors.mean + 2 * factors.weights[:, 0], atol=1e-4, rtol=1e-4)


def test_somebody_alone_is_folded_in_as_among_others(factors: Factors) -> None:
    alone = factors.fold_in(histories().of(torch.tensor([1])), torch.tensor([[-1.0]]))
    torch.testing.assert_close(alone.rows[:, 0], folded(factors).rows[:, 1], atol=1e-4, rtol=1e-4)


def test_parts_add_up_to_the_stars(factors: Factors) -> None:
    person, movie = torch.tensor([0, 1, 2]), torch.tensor([4, 2, 0])
    people = folded(factors)
    torch.testing.assert_close(factors.parts(people, person, movie).sum(1), factors.stars(people, person, movie))


def test_the_prior_and_the_own_ratings_pushes_add_up_to_the_stars(factors: Factors) -> None:
    own = histories().of(torch.tensor([0]))
    people = factors.fold_in(own, torch.tensor([[0.5]]))
    everything = torch.arange(MOVIES)
    before = factors.mu + factors.before(people, everything).mean(0)
    pushes = factors.pushes(people, own, everything, torch.zeros(MOVIES, len(own.movie)))
    stars = factors.stars(people, torch.zeros(MOVIES, dtype=torch.long), torch.arange(MOVIES))
    torch.testing.assert_close(before + pushes.sum(1), stars, atol=1e-4, rtol=1e-4)


def test_a_rating_makes_the_model_surer_of_its_movie(factors: Factors) -> None:
    """Within one sample, where nothing else varies."""
    every = {field.name: getattr(factors, field.name) for field in fields(Factors)}
    one = Factors(**{name: value[:1] if value.dim() else value for name, value in every.items()})
    own, movie = histories().of(torch.tensor([0])), torch.tensor([3])
    few, more = (one.fold_in(own.first(torch.tensor([n])), torch.zeros(1, 1)) for n in (2, 3))
    nobody = torch.zeros(1, dtype=torch.long)
    at_same_noise = more.covariance * more.alpha / few.alpha
    assert one.variance(few, nobody, movie) > 0
    z = with_offset(one.movies[0, movie])[0, :-1]
    assert z @ at_same_noise[0, 0] @ z < one.variance(few, nobody, movie)


def test_many_people_in_blocks_are_answered_as_in_one(factors: Factors, monkeypatch: pytest.MonkeyPatch) -> None:
    people, person, movie = folded(factors), torch.tensor([0, 1, 2, 0, 1]), torch.tensor([0, 1, 2, 3, 4])
    whole = factors.parts(people, person, movie), factors.variance(people, person, movie)
    monkeypatch.setattr(model, "PAIRS_AT_ONCE", 4)
    torch.testing.assert_close(factors.parts(people, person, movie), whole[0])
    torch.testing.assert_close(factors.variance(people, person, movie), whole[1])


def test_long_lines_of_questions_are_cut_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "PAIRS_AT_ONCE", 6)
    own = histories()  # three, two and no ratings
    asked = base.Questions(torch.tensor([0] * 5 + [1] * 4 + [2] * 2), torch.zeros(11, dtype=torch.long), None)
    blocks = list(base.batches(own, asked, torch.arange(11)))
    assert sorted(torch.cat([rows for rows, _ in blocks]).tolist()) == list(range(11))
    for _, layout in blocks:
        longest = own.counts[asked.person[layout[:, 0]]].max()
        assert layout.numel() * longest <= 6


def test_a_new_correction_adds_nothing() -> None:
    correction = Correction(heads=2, inputs=3).eval()
    assert not correction(torch.randn(4, 2), torch.randn(4, 3)).any()


def test_what_lies_beyond_the_training_counts_as_its_edge() -> None:
    correction = Correction(heads=1, inputs=2)
    correction.low, correction.high = torch.tensor([0.0, -1.0]), torch.tensor([1.0, 1.0])
    assert correction.standardise(torch.tensor([[5.0, -9.0]])).tolist() == [[1.0, -1.0]]


def test_an_unfitted_interval_is_a_normal_one() -> None:
    interval = Interval(2)
    assert interval.sd(torch.zeros(1, 2)).item() == 1
    assert interval.quantiles.tolist() == pytest.approx([-1.645, 1.645])
