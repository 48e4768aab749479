"""The newsletter's table of one user: its three scores, and what random picks would score."""

from itertools import permutations

import numpy as np
import pytest

from services.ratings.top_k import TopK, by_chance, scores, top_k_table


def table(stars: list[float], predicted: list[float], k: int) -> TopK:
    return top_k_table(np.array(stars), np.array(predicted), k)


def test_a_perfect_prediction_has_every_place_right() -> None:
    found = table([1, 5, 3, 4], [0.1, 0.9, 0.3, 0.4], 3)
    assert found.true.tolist() == found.predicted.tolist() == [1, 3, 2]
    assert found.scores.true_positives == found.scores.accuracy == 1
    assert found.scores.mrr == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)


def test_the_example_of_figure_22_is_eleven_eighteenths() -> None:
    assert scores(np.array([7, 8, 9]), np.array([9, 8, 7])).mrr == pytest.approx(11 / 18)


def test_only_the_predicted_places_of_true_movies_count_for_the_mrr() -> None:
    """True top 2: movies 0 and 1; predicted top 2: movies 3 and 0. Movie 0 is second there, movie 1 is not there."""
    found = table([5, 4, 3, 2], [2, 1, 0, 3], 2).scores
    assert (found.true_positives, found.accuracy, found.mrr) == (0.5, 0, 0.25)


@pytest.mark.parametrize(("n", "k"), [(1, 1), (4, 2), (5, 3), (6, 5), (3, 5)])
def test_the_expectation_of_random_picks_is_the_mean_over_all_their_orders(n: int, k: int) -> None:
    stars = np.arange(n, 0, -1)
    orders = [top_k_table(stars, np.array(order), k).scores for order in permutations(range(n))]
    mean = np.mean([[one.true_positives, one.accuracy, one.mrr] for one in orders], axis=0)
    chance = by_chance(n, k)
    assert [chance.true_positives, chance.accuracy, chance.mrr] == pytest.approx(mean)


def test_four_of_five_among_eight_candidates_is_little_more_than_chance() -> None:
    found = table([8, 7, 6, 5, 4, 3, 2, 1], [8, 7, 6, 5, 1, 4, 3, 2], 5)
    assert (found.scores.true_positives, found.random.true_positives, found.candidates) == (0.8, 0.625, 8)


def test_of_equal_stars_the_first_candidate_comes_first_and_the_tie_is_counted() -> None:
    found = table([4, 5, 4, 4, 3], [0, 0, 0, 0, 0], 2)
    assert found.true.tolist() == [1, 0]
    assert found.predicted.tolist() == [0, 1]
    assert found.tied == 2


def test_fewer_candidates_than_k_are_all_found_by_anybody() -> None:
    found = table([3, 5], [5, 3], 5)
    assert found.true.tolist() == [1, 0]
    assert found.scores.true_positives == found.random.true_positives == 1


@pytest.mark.parametrize(
    ("stars", "predicted", "k"), [([], [], 5), ([1.0], [1.0, 2.0], 5), ([1.0], [1.0], 0), ([1.0], [float("nan")], 5)]
)
def test_what_cannot_be_ordered_is_refused(stars: list[float], predicted: list[float], k: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        table(stars, predicted, k)
