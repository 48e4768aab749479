"""Which anchors show the same to the pixel, are edited copies, or the same thing once more."""

import time
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.images.anchors import Searcher
from services.images.calibration import RANKS, Calibration
from services.images.copying import CopyFinder
from services.images.grouping import Group, groups, near_pairs
from services.images.spaces import Look
from services.images.stores import Growing, Keys, Vectors
from services.images.stores.base import NOBODY

NEIGHBOURS = 10  # of each anchor that may be edited copies of it
RESEMBLING = 0.7  # fused cosine from which on two are worth being laid over each other
SECONDS = 5.0  # of one answer; what was compared is kept, and the next answer goes on from there
KEPT = 100_000  # scores of pairs in memory

Pair = tuple[int, int]


class Found(NamedTuple):
    """Groups, and what to know beside them."""

    groups: list[Group]
    note: str | None = None
    left: int = 0  # pairs that are not compared yet


class DuplicateFinder:
    """For any number of threads."""

    def __init__(self, searcher: Searcher, copies: CopyFinder) -> None:
        self.searcher, self.anchors, self.copies = searcher, searcher.anchors, copies
        self.scores: OrderedDict[Pair, float] = OrderedDict()

    def same(self) -> Found:
        several = [[anchor.key for anchor in group] for group in self.anchors.same_pixels()]
        return Found([Group(first, others, [1.0] * len(others)) for first, *others in several])

    def edited(self, threshold: float) -> Found:
        """Pairs that resemble each other, the most similar first, laid over each other for as long as one may wait."""
        pairs, until = self.resembling(), time.monotonic() + SECONDS
        compared = [(pair, score) for pair in pairs if (score := self.score(pair, until)) is not None]
        near = [(pair, score) for pair, score in compared if score >= threshold]
        found = groups(np.array([pair for pair, _ in near], np.int64).reshape(-1, 2), np.array([s for _, s in near]))
        rest = len(pairs) - len(compared)
        note = f"{rest:,} of {len(pairs):,} resembling pairs are not compared yet: ask again"
        return Found(found, note, rest) if rest else Found(found)

    def resembling(self) -> list[Pair]:
        def neighbours(keys: Keys) -> tuple[Keys, NDArray[np.float32]]:
            return nearest_of(self.searcher.stores["copies"], keys, NEIGHBOURS + 1)

        pairs, cosines = near_pairs(self.keys("copies"), neighbours, RESEMBLING)
        return [(left, right) for left, right in pairs[np.argsort(-cosines, kind="stable")].tolist()]

    def score(self, pair: Pair, until: float) -> float | None:
        """Of two anchors, whichever is a part of the other; None when there is no time left, or one is gone."""
        if pair not in self.scores and time.monotonic() < until:
            there = self.anchors.by_keys(pair)
            score = self.copies.between(*(there[key] for key in pair)) if len(there) == 2 else None
            if score is None:
                return None
            self.scores[pair] = score
            if len(self.scores) > KEPT:
                self.scores.popitem(last=False)
        return self.scores.get(pair)

    def alike(self, look: Look, calibration: Calibration, threshold: float) -> Found:
        """By the probability, as if the one had been searched with."""

        def neighbours(keys: Keys) -> tuple[Keys, NDArray[np.float64]]:
            found, cosines = without(keys, *nearest_of(self.searcher.stores[look], keys, RANKS + 1))
            return found, calibration.probabilities(cosines.astype(np.float64))

        pairs, scores = near_pairs(self.keys(look), neighbours, threshold)
        return Found(groups(pairs, scores))

    def keys(self, space: str) -> Keys:
        self.searcher.follow()
        return np.sort(self.searcher.stores[space].keys())


def nearest_of(store: Growing, keys: Keys, k: int) -> tuple[Keys, Vectors]:
    """Keys and cosines (B, k); nobody's where a key was removed meanwhile."""
    there, vectors = store.read(keys)
    found = np.full((len(keys), k), NOBODY, np.int64)
    cosines = np.full((len(keys), k), -np.inf, np.float32)
    rows = np.isin(keys, there)
    found[rows], cosines[rows] = store.search(vectors, k)
    return found, cosines


def without(keys: Keys, found: Keys, cosines: NDArray[np.float32]) -> tuple[Keys, NDArray[np.float32]]:
    """The neighbours (B, K + 1) of `keys` (B,) less each key itself: (B, K), in order."""
    own = found == keys[:, None]
    own[~own.any(1), -1] = True  # where the same vector is there more often, it may not be among them
    return found[~own].reshape(len(keys), -1), cosines[~own].reshape(len(keys), -1)
