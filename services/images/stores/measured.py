"""How many of the truly nearest a store finds, measured on a sample of what is in it."""

import numpy as np

from services.images.stores.base import BLOCK, Found, Keys, Vectors, VectorStore, best_of, nearest, padded


def recall(store: VectorStore, sample: int = 100, k: int = 10, seed: int = 0) -> float:
    """recall@k, 0 to 1: the share of the k nearest by comparing with each that the store's search finds.

    Each of a sample is the query in turn, and left out of what is found: so that queries are as those of pictures that
    nobody put in. Vectors moved by noise would be found more easily, as noise leads away from all others alike.
    """
    own, queries = sampled(store, sample, seed)
    found, truth = store.search(queries, k + 1), exactly(store, queries, k + 1)
    return overlap(without(own, found), without(own, truth))


def sampled(store: VectorStore, sample: int, seed: int) -> tuple[Keys, Vectors]:
    keys = np.sort(store.keys())
    own = np.random.default_rng(seed).choice(keys, min(sample, len(keys)), replace=False)
    return own, store.get(own)


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
        best = best_of(best, nearest(queries, some, store.get(some), k), k)
    return padded(*best, k)


def overlap(found: Found, truth: Found) -> float:
    """The mean share of the true keys that are among those found."""
    shares = [
        len(np.intersect1d(some, right)) / max(1, len(np.unique(right)))
        for some, right in zip(found[0], truth[0], strict=True)
    ]
    return float(np.mean(shares)) if shares else 1.0
