"""How many of the truly nearest a store finds, measured on a sample of what is in it."""

from dataclasses import dataclass

import numpy as np

from services.images.stores.base import BLOCK, Found, Keys, Vectors, VectorStore, best_of, nearest, padded


def recall(store: VectorStore, count: int = 100, k: int = 10, seed: int = 0) -> float:
    """recall@k, 0 to 1: the share of the k nearest by comparing with each that the store's search finds."""
    sample = Sample.of(store, count, k, seed)
    return sample.recall(store.search(sample.queries, k + 1))


@dataclass(frozen=True)
class Sample:
    """Some vectors of a store, each a query in turn and left out of what is found, and what should be found.

    So queries are as those of pictures that nobody put in. Vectors moved by noise would be found more easily, as noise
    leads away from all others alike.
    """

    own: Keys  # (S,)
    queries: Vectors  # (S, D)
    truth: Found  # (S, k)
    k: int

    @classmethod
    def of(cls, store: VectorStore, count: int = 100, k: int = 10, seed: int = 0) -> "Sample":
        keys = np.sort(store.keys())
        own = np.random.default_rng(seed).choice(keys, min(count, len(keys)), replace=False)
        own = own[store.has(own)]
        queries = store.get(own)
        return cls(own, queries, without(own, exactly(store, queries, k + 1)), k)

    def recall(self, found: Found) -> float:
        """Of k + 1 found, for it may be that one of them is the query itself."""
        return overlap(without(self.own, found), self.truth)


def without(own: Keys, found: Found) -> Found:
    """Of k + 1 found the k others than the query itself."""
    keys, cosines = found
    order = np.argsort(keys == own[:, None], axis=1, kind="stable")[:, :-1]  # itself last, if it is among them
    return np.take_along_axis(keys, order, 1), np.take_along_axis(cosines, order, 1)


def exactly(store: VectorStore, queries: Vectors, k: int) -> Found:
    """By comparing with each, whatever the store is."""
    keys, best = store.keys(), padded(np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32), 0)
    for start in range(0, len(keys), BLOCK):
        some = keys[start : start + BLOCK]
        some = some[store.has(some)]  # it may be changed meanwhile
        best = best_of(best, nearest(queries, some, store.get(some), k), k)
    return padded(*best, k)


def overlap(found: Found, truth: Found) -> float:
    """The mean share of the true keys that are among those found."""
    shares = [
        len(np.intersect1d(some, right)) / max(1, len(np.unique(right)))
        for some, right in zip(found[0], truth[0], strict=True)
    ]
    return float(np.mean(shares)) if shares else 1.0
