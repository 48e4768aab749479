"""Whose copy is this picture: candidates by their vectors, decided by laying the query over each."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from services.images import copies
from services.images.anchors import Anchor, Searcher
from services.images.anchors.searcher import Match
from services.images.embedder import Embedder, Seen
from shared.problems import Problem

KEPT = 4096  # thumbnails in memory, 12 kB each


def thumbnail_of(picture: Tensor) -> Tensor:
    """(3, S, S) to (3, 64, 64)."""
    return copies.thumbnails(picture.unsqueeze(0))[0]


class CopyFinder:
    """For any number of threads."""

    def __init__(self, searcher: Searcher, embedder: Embedder) -> None:
        self.searcher, self.embedder = searcher, embedder
        self.thumbnail = lru_cache(KEPT)(self.make_thumbnail)

    def find(self, seen: Seen, thumbnail: Tensor, k: int) -> list[Match]:
        """The k anchors the query most likely is a copy of, with their scores, best first.

        Those beyond the candidates follow in the order of their cosine, which is no score: the least score is theirs.
        """
        (found,) = self.searcher.search("copies", seen.vectors["copies"][None], max(k, copies.CANDIDATES))
        candidates, rest = found[: copies.CANDIDATES], found[copies.CANDIDATES : k]
        ranked = sorted(self.scored(thumbnail, candidates), key=lambda match: -match[1])
        least = min((score for _, score in ranked), default=0.0)
        return (ranked + [(anchor, min(cosine * copies.FUSED, least)) for anchor, cosine in rest])[:k]

    def scored(self, thumbnail: Tensor, candidates: Sequence[Match]) -> list[Match]:
        known = [(anchor, cosine, self.of(anchor)) for anchor, cosine in candidates]
        there = [(anchor, cosine, thumb) for anchor, cosine, thumb in known if thumb is not None]
        if not there:
            return []
        fused = torch.tensor([cosine for _, cosine, _ in there])
        scores = copies.scores(thumbnail, torch.stack([thumb for _, _, thumb in there]), fused)
        return [(anchor, score) for (anchor, _, _), score in zip(there, scores.tolist(), strict=True)]

    def between(self, a: Anchor, b: Anchor) -> float | None:
        """The score of two anchors, whichever is a part of the other; None when one is gone."""
        left, right = self.of(a), self.of(b)
        if left is None or right is None:
            return None
        vectors = [self.searcher.vector("copies", anchor) for anchor in (a, b)]
        return scored_both_ways(left, right, float(np.dot(*vectors)))

    def of(self, anchor: Anchor) -> Tensor | None:
        """(3, 64, 64); None when its file went away since it was found."""
        try:
            return self.thumbnail(anchor)
        except Problem:
            return None

    def make_thumbnail(self, anchor: Anchor) -> Tensor:
        return thumbnail_of(self.embedder.read(self.searcher.anchors.bytes_of(anchor)))


def copy_score(pictures: Sequence[Tensor], seen: Sequence[Seen]) -> float:
    """Of two pictures, whichever is a part of the other."""
    a, b = seen
    left, right = (thumbnail_of(picture) for picture in pictures)
    return scored_both_ways(left, right, float(np.dot(a.vectors["copies"], b.vectors["copies"])))


def scored_both_ways(left: Tensor, right: Tensor, cosine: float) -> float:
    return float(copies.both_ways(left.unsqueeze(0), right.unsqueeze(0), torch.tensor([cosine])))
