"""Duplicates: pairs from neighbour lists, and groups that do not chain."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.images.grouping import TOGETHER, Group, Keys, Scores, groups, near_pairs


def neighbours_of(cosines: NDArray[np.float64], keys: Keys, k: int) -> tuple[Keys, Scores]:
    rows = np.argsort(-cosines[keys], axis=1)[:, :k]
    return rows.astype(np.int64), np.take_along_axis(cosines[keys], rows, 1)


def pairs_of(*pairs: tuple[int, int, float]) -> tuple[Keys, Scores]:
    return np.array([pair[:2] for pair in pairs], np.int64).reshape(-1, 2), np.array([pair[2] for pair in pairs])


@pytest.mark.parametrize("count", [30, 2 * TOGETHER + 5])
def test_the_pairs_are_those_of_the_whole_table(count: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(count, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    pairs, scores = near_pairs(np.arange(count), lambda keys: neighbours_of(cosines, keys, count), 0.8)
    left, right = np.nonzero(np.triu(cosines >= 0.8, 1))
    assert pairs.tolist() == np.stack([left, right], 1).tolist()
    np.testing.assert_allclose(scores, cosines[left, right])


def test_a_pair_is_found_from_one_side_and_takes_the_higher_score() -> None:
    found = {0: ([1], [0.9]), 1: ([2], [0.7]), 2: ([1], [0.8])}
    pairs, scores = near_pairs(
        np.array([0, 1, 2]),
        lambda keys: (np.array([found[k][0] for k in keys]), np.array([found[k][1] for k in keys])),
        0.5,
    )
    assert (pairs.tolist(), scores.tolist()) == ([[0, 1], [1, 2]], [0.9, 0.8])


def test_what_a_search_did_not_find_is_no_neighbour() -> None:
    pairs, _ = near_pairs(np.array([4, 5]), lambda keys: (np.full((2, 3), -1), np.full((2, 3), -np.inf)), -1)
    assert pairs.shape == (0, 2)


def test_an_empty_index_has_no_duplicates() -> None:
    pairs, scores = near_pairs(np.empty(0, np.int64), lambda keys: (keys[:, None], np.ones((len(keys), 1))), 0.5)
    assert groups(pairs, scores) == []


def test_a_chain_is_not_one_group() -> None:
    """1 and 4 have nothing in common."""
    found = groups(*pairs_of((1, 2, 0.9), (2, 3, 0.9), (3, 4, 0.9)))
    assert found == [Group(2, [1, 3], [0.9, 0.9])]


def test_everyone_resembles_the_first_of_the_group_directly() -> None:
    rng = np.random.default_rng(0)
    table = np.triu(rng.random((60, 60)), 1)
    left, right = np.nonzero(table > 0.95)
    pairs = np.stack([left, right], 1).astype(np.int64)
    known = {frozenset(pair) for pair in pairs.tolist()}
    found = groups(pairs, table[left, right])
    assert all(frozenset((group.first, other)) in known for group in found for other in group.others)
    members = [member for group in found for member in (group.first, *group.others)]
    assert len(members) == len(set(members))


def test_a_group_lists_the_nearest_first() -> None:
    assert groups(*pairs_of((1, 2, 0.8), (1, 3, 0.95), (1, 4, 0.9))) == [Group(1, [3, 4, 2], [0.95, 0.9, 0.8])]


def test_the_largest_group_comes_first() -> None:
    found = groups(*pairs_of((1, 2, 0.99), (5, 6, 0.8), (5, 7, 0.8)))
    assert [group.first for group in found] == [5, 1]


def test_the_order_of_the_pairs_does_not_matter() -> None:
    pairs, scores = pairs_of((1, 2, 0.9), (2, 3, 0.8), (4, 5, 0.7), (5, 6, 0.7), (6, 4, 0.7))
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(pairs))
        assert groups(pairs[order], scores[order]) == groups(pairs, scores)
