"""What one more rating would teach, against working the covariance out again."""

import pytest
import torch
from torch import Tensor

from services.ratings.base import Known
from services.ratings.gains import gains
from services.ratings.model import Factors
from services.ratings.trained import Trained


@pytest.fixture(scope="module")
def known(trained: Trained) -> Known:
    """User 1."""
    first = torch.tensor([0])
    return trained.predictor.base.know(trained.own.of(first), trained.profile[first])


def mean_variance(factors: Factors, covariance: Tensor) -> Tensor:
    """Over the whole catalogue, movie by movie, of each sample."""
    z = torch.cat([torch.ones(*factors.movies.shape[:2], 1), factors.movies[..., 1:]], dim=2).double()  # (S, M, D)
    return torch.stack([torch.stack([v @ c @ v for v in rows]).mean() for rows, c in zip(z, covariance, strict=True)])


def test_the_mean_variance_is_that_of_every_movie(trained: Trained, known: Known) -> None:
    factors = trained.predictor.base.factors
    expected = mean_variance(factors, known.people.covariance[:, 0].double()).mean()
    assert gains(factors, known, torch.tensor([0]))[1] == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize("movie", [0, 7, 29])
def test_a_gain_is_what_one_more_rating_takes_from_the_mean_variance(
    trained: Trained, known: Known, movie: int
) -> None:
    factors, covariance = trained.predictor.base.factors, known.people.covariance[:, 0].double()
    v = torch.cat([torch.ones(len(covariance), 1), factors.movies[:, movie, 1:]], dim=1).double()  # (S, D)
    seen = covariance.inverse() + known.people.alpha[:, 0, None, None] * v[:, :, None] * v[:, None, :]
    expected = (mean_variance(factors, covariance) - mean_variance(factors, seen.inverse())).mean()
    assert float(gains(factors, known, torch.tensor([movie]))[0]) == pytest.approx(float(expected), rel=1e-3)


def test_a_rating_never_teaches_less_than_nothing_nor_more_than_there_is_to_learn(
    trained: Trained, known: Known
) -> None:
    gain, variance = gains(trained.predictor.base.factors, known, torch.arange(30))
    assert (gain > 0).all()
    assert (gain < variance).all()
