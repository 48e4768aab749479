"""Probabilities of matches: as sure as they are right, whatever the size of the index."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from services.images.calibration import (
    RANKS,
    Calibration,
    auroc,
    best,
    ece,
    features,
    fit,
    logistic,
    without,
)

Searches = tuple[NDArray[np.float64], NDArray[np.bool_]]


def searches(seed: int, queries: int = 400, ranks: int = 120) -> Searches:
    """Each with a crowd of its own level, and some right matches that stand above it, some of them hardly."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(0.3, 0.7, (queries, 1))
    right = rng.random((queries, ranks)) < 0.02
    cosines = level + rng.normal(0, 0.05, (queries, ranks)) + np.where(right, rng.normal(0.15, 0.05, right.shape), 0)
    order = np.argsort(-cosines, axis=1)
    return np.take_along_axis(cosines, order, 1), np.take_along_axis(right, order, 1)


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    return fit(*searches(0))


def test_among_others_it_is_as_sure_as_it_is_right(fitted: Calibration) -> None:
    cosines, right = searches(1)
    probabilities = fitted.probabilities(cosines)
    assert ece(probabilities[:, :10], right[:, :10]) < 0.03
    assert ece(np.clip(cosines[:, :10], 0, 1), right[:, :10]) > 0.2


def test_the_same_cosine_is_worth_less_in_a_crowd(fitted: Calibration) -> None:
    alone, crowded = np.full((1, RANKS), 0.2), np.full((1, RANKS), 0.7)
    alone[0, 0] = crowded[0, 0] = 0.75
    assert fitted.probabilities(alone)[0, 0] > fitted.probabilities(crowded)[0, 0]


def test_a_better_match_is_never_less_probable(fitted: Calibration) -> None:
    probabilities = fitted.probabilities(searches(2)[0])
    assert (np.diff(probabilities, axis=1) <= 1e-12).mean() > 0.99
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_one_search_in_ten_with_a_match_is_told_there_is_none(fitted: Calibration) -> None:
    cosines, right = searches(0)
    assert fitted.no_match(cosines[right.any(1)]).mean() == pytest.approx(0.1, abs=0.01)
    assert fitted.no_match(without(*searches(1))).mean() > 0.6


@pytest.mark.parametrize("anchors", [0, 1, 2, 10, 11, 12])
def test_an_index_of_a_few_anchors_is_answered_too(fitted: Calibration, anchors: int) -> None:
    cosines = np.sort(np.random.default_rng(0).uniform(0, 1, (3, anchors)))[:, ::-1]
    probabilities = fitted.probabilities(cosines)
    assert probabilities.shape == (3, anchors)
    assert np.isfinite(probabilities).all()
    assert fitted.no_match(cosines).shape == (3,)


def test_an_empty_index_has_no_match(fitted: Calibration) -> None:
    assert fitted.no_match(np.empty((2, 0))).tolist() == [True, True]


def test_what_a_search_did_not_find_counts_as_if_it_were_not_there(fitted: Calibration) -> None:
    cosines = np.array([[0.8, 0.5, 0.4]])
    padded = np.concatenate([cosines, np.full((1, 60), -np.inf)], axis=1)
    np.testing.assert_allclose(fitted.probabilities(padded)[:, :3], fitted.probabilities(cosines))
    assert not fitted.probabilities(padded)[:, 3:].any()


def test_the_background_is_the_mean_of_ranks_11_to_50() -> None:
    cosines = np.linspace(1, 0, 60)[None]
    contrast = features(cosines, usual=9.0)[0, :, 1]
    np.testing.assert_allclose(contrast, cosines[0] - cosines[0, 10:50].mean())


def test_the_best_is_compared_with_the_second_and_the_others_with_the_best() -> None:
    lead = features(np.array([[0.9, 0.7, 0.4]]), usual=0.0)[0, :, 2]
    np.testing.assert_allclose(lead, [0.2, -0.2, -0.5])


def test_the_weights_are_where_the_likelihood_is_greatest() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 2))
    right = rng.random(5000) < 1 / (1 + np.exp(-(2 * x[:, 0] - x[:, 1] + 0.5)))
    np.testing.assert_allclose(logistic(x, right), [2, -1, 0.5], atol=0.15)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_searches_that_are_all_wrong_or_all_right_leave_it_sure_but_finite(share: float) -> None:
    cosines, _ = searches(0, queries=20)
    probabilities = fit(cosines, np.full(cosines.shape, bool(share))).probabilities(cosines)
    assert abs(probabilities[:, :10] - share).max() < 0.1
    assert np.isfinite(probabilities).all()


def test_perfectly_told_apart_stays_finite() -> None:
    cosines = np.tile(np.linspace(0.5, 0, 60), (30, 1))
    cosines[:, 0] = 0.95
    right = np.zeros(cosines.shape, dtype=bool)
    right[:, 0] = True
    probabilities = fit(cosines, right).probabilities(cosines)
    assert (probabilities[:, 0] > 0.9).all()
    assert (probabilities[:, 1:] < 0.1).all()


def test_nothing_to_fit_on_is_said() -> None:
    with pytest.raises(ValueError, match="no match of any search"):
        fit(np.empty((0, 50)), np.empty((0, 50), dtype=bool))


def test_it_goes_through_json(fitted: Calibration) -> None:
    assert Calibration.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted


def test_the_calibration_error_is_what_one_counts_by_hand() -> None:
    probabilities = np.array([0.1, 0.12, 0.9, 0.95])
    right = np.array([False, True, True, True])
    assert ece(probabilities, right) == pytest.approx((abs(0.22 - 1) + abs(1.85 - 2)) / 4)


def test_the_area_under_the_curve_is_the_share_of_pairs_in_order() -> None:
    present, absent = np.array([0.9, 0.5, 0.4]), np.array([0.5, 0.1])
    pairs = [1.0 if p > a else 0.5 if p == a else 0.0 for p in present for a in absent]
    assert auroc(present, absent) == pytest.approx(np.mean(pairs))


def test_taking_the_right_matches_away_leaves_the_others_in_order() -> None:
    left = without(np.array([[0.9, 0.8, 0.7]]), np.array([[True, False, False]]))
    assert left.tolist() == [[0.8, 0.7, -np.inf]]


def test_the_best_of_a_search_is_its_first(fitted: Calibration) -> None:
    cosines, _ = searches(0)
    np.testing.assert_array_equal(best(fitted, cosines), fitted.probabilities(cosines).max(1))
