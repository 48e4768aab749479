"""Measures of a search whose right answers are known: recall@k and mean average precision."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

CHUNK = 512  # queries compared with the whole gallery at a time


@dataclass(frozen=True)
class Retrieval:
    """Of every query: the rank of the first right answer (1 is best), and the average precision."""

    ranks: Rows  # (Q,)
    precisions: NDArray[np.float64]  # (Q,)

    def recall(self, k: int) -> float:
        """The share of queries with a right answer among their first k: whoever looks at k sees one."""
        return float((self.ranks <= k).mean())

    @property
    def mean_average_precision(self) -> float:
        return float(self.precisions.mean())

    @property
    def figures(self) -> dict[str, float]:
        return {"recall@1": self.recall(1), "recall@5": self.recall(5), "map": self.mean_average_precision}


def unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit_vectors: Floats = vectors / np.maximum(lengths, 1e-12)
    return unit_vectors


def retrieval(queries: Floats, gallery: Floats, right: Sequence[Rows], itself: Rows) -> Retrieval:
    """By cosine over the whole gallery, (Q, D) and (G, D); `right[i]` are the rows that query i should find.

    Where a query stands in the gallery too, `itself` (Q,) has its row, which is no answer; else -1. Equal cosines keep
    the order of the gallery.
    """
    queries, gallery = unit(queries), unit(gallery)
    ranks, precisions = [], []
    for start in range(0, len(queries), CHUNK):
        cosines = queries[start : start + CHUNK] @ gallery.T  # (Q', G)
        for row, of_query in enumerate(cosines, start=start):
            if itself[row] >= 0:
                of_query[itself[row]] = -np.inf
            places = places_of(of_query, right[row])
            ranks.append(places[0])
            precisions.append(average_precision(places))
    return Retrieval(np.array(ranks), np.array(precisions))


def places_of(cosines: Floats, right: Rows) -> Rows:
    """At which places of the list, the best first, the right answers stand, counted from 1; ascending."""
    place = np.empty(len(cosines), np.int64)
    place[np.argsort(-cosines, kind="stable")] = np.arange(1, len(cosines) + 1)
    return np.sort(place[right])


def average_precision(places: Rows) -> float:
    """The mean, over the right answers, of the share of right ones among those up to each (Manning et al. 2008,
    "Introduction to Information Retrieval", eq. 8.8); with one right answer 1 / its rank.
    """
    return float((np.arange(1, len(places) + 1) / places).mean())


def standard_error(values: NDArray[np.float64]) -> float:
    """Of the mean of independent values; 0 where there is one only."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
