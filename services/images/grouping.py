"""Duplicates: pairs of pictures that are near enough, gathered into groups around one picture each.

Pairs of pairs would chain: a resembles b, b resembles c, and a group ends with pictures that have nothing in common.
So a group is a star: its first picture is the one with most likenesses, and every other resembles that one directly.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
Scores = NDArray[np.floating]

TOGETHER = 256  # pictures whose neighbours are looked for at once

# Keys (B,) to the keys (B, K) and scores (B, K) of their nearest, themselves among them or not.
Neighbours = Callable[[Keys], tuple[Keys, Scores]]


class Group(NamedTuple):
    """The key of the first picture, of the others in the order of their scores, and these, each with the first."""

    first: int
    others: list[int]
    scores: list[float]


def near_pairs(keys: Keys, neighbours: Neighbours, threshold: float) -> tuple[Keys, Scores]:
    """Pairs (P, 2), smaller key first, that score the threshold or more, and their scores (P,), each pair once.

    The work is one search a picture, whatever their number: each pair is found from at least one side, or is farther
    than the K nearest of both. Where both sides find it, the higher score counts.
    """
    found = [near_of(keys[start : start + TOGETHER], neighbours, threshold) for start in range(0, len(keys), TOGETHER)]
    if not found:
        return np.empty((0, 2), np.int64), np.empty(0)
    pairs, scores = (np.concatenate(several) for several in zip(*found, strict=True))
    order = np.lexsort((-scores, pairs[:, 1], pairs[:, 0]))
    pairs, scores = pairs[order], scores[order]
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = (pairs[1:] != pairs[:-1]).any(1)
    return pairs[first], scores[first]


def near_of(keys: Keys, neighbours: Neighbours, threshold: float) -> tuple[Keys, Scores]:
    theirs, scores = neighbours(keys)  # (B, K) each
    mine = np.broadcast_to(keys[:, None], theirs.shape)
    near = (scores >= threshold) & (mine != theirs)
    return np.sort(np.stack([mine[near], theirs[near]], axis=1), axis=1), scores[near]


def groups(pairs: Keys, scores: Scores) -> list[Group]:
    """Largest first, then by the best score; a picture is in one group, and a pair of two groups is given up.

    Greedy: the picture with most likenesses among those not yet in a group takes them, ties to the smallest key.
    """
    likenesses: dict[int, dict[int, float]] = {}
    for (left, right), score in zip(pairs.tolist(), scores.tolist(), strict=True):
        likenesses.setdefault(left, {})[right] = score
        likenesses.setdefault(right, {})[left] = score
    found = list(stars(likenesses))
    return sorted(found, key=lambda group: (-len(group.others), -group.scores[0], group.first))


def stars(likenesses: dict[int, dict[int, float]]) -> Iterator[Group]:
    """Those with most likenesses first; what was taken since is left out, and who lost some waits for its new turn."""
    by_count: dict[int, set[int]] = {}
    for key, near in likenesses.items():
        by_count.setdefault(len(near), set()).add(key)
    taken: set[int] = set()
    for count in range(max(by_count, default=0), 0, -1):
        for key in sorted(by_count.get(count, ())):
            left = {} if key in taken else {other: s for other, s in likenesses[key].items() if other not in taken}
            if len(left) == count:
                others = sorted(left, key=lambda other: (-left[other], other))
                taken.update(others, [key])
                yield Group(key, others, [left[other] for other in others])
            elif left:
                by_count.setdefault(len(left), set()).add(key)
