"""What a store of vectors promises, whoever keeps them: FAISS in this process or, one day, a server."""

from pathlib import Path
from typing import Protocol, TypeVar

import faiss
import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
Vectors = NDArray[np.float32]
Found = tuple[Keys, Vectors]  # (Q, k) each: keys, the most similar first; their cosines

NOBODY = -1  # the key where there are fewer than k
BLOCK = 10_000  # vectors compared at a time where the cosines of all of them would fill the memory

Element = TypeVar("Element", bound=np.generic)


class VectorStore(Protocol):
    """Unit vectors by key, searched by inner product, which is their cosine.

    A key is a whole number from 0 on; what it stands for is not the store's business.
    """

    @property
    def width(self) -> int: ...

    def upsert(self, keys: Keys, vectors: Vectors) -> None:
        """Keys (N,), vectors (N, D): added, or put in the place of what the key had. Of a key given twice the last."""
        ...

    def delete(self, keys: Keys) -> None:
        """Gone from the next answer. Keys that are not there are none already."""
        ...

    def search(self, vectors: Vectors, k: int, among: Keys | None = None) -> Found:
        """The `k` nearest of each of the (Q, D) `vectors`; with `among` of these keys only.

        Where there are fewer, the key is -1 and the cosine -inf.
        """
        ...

    def get(self, keys: Keys) -> Vectors:
        """(N, D); KeyError names the first key that is not there."""
        ...

    def has(self, keys: Keys) -> NDArray[np.bool_]: ...

    def keys(self) -> Keys:
        """All of them, in no order."""
        ...

    def count(self) -> int: ...

    def snapshot(self, path: Path) -> None:
        """Writes a folder that this kind of store opens again: whole or not at all."""
        ...


def nearest(queries: Vectors, keys: Keys, vectors: Vectors, k: int) -> Found:
    """By comparing with each."""
    # OpenMP counts the threads of each thread that calls; on busy cores two would wait for each other.
    faiss.omp_set_num_threads(1)
    if len(keys) == 0:
        return padded(np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32), k)
    cosines, rows = faiss.knn(
        np.ascontiguousarray(queries, np.float32), vectors, min(k, len(keys)), metric=faiss.METRIC_INNER_PRODUCT
    )
    return padded(keys[rows], cosines, k)


def best_of(some: Found, more: Found, k: int) -> Found:
    keys, cosines = np.hstack([some[0], more[0]]), np.hstack([some[1], more[1]])
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(keys, order, 1), np.take_along_axis(cosines, order, 1)


def padded(keys: Keys, cosines: Vectors, k: int) -> Found:
    missing = ((0, 0), (0, k - keys.shape[1]))
    return np.pad(keys, missing, constant_values=NOBODY), np.pad(cosines, missing, constant_values=-np.inf)


def last_of_each(keys: Keys) -> NDArray[np.intp]:
    """Where each key stands for the last time."""
    _, backwards = np.unique(keys[::-1], return_index=True)
    places: NDArray[np.intp] = np.sort(len(keys) - 1 - backwards)
    return places


def grown(array: NDArray[Element], length: int) -> NDArray[Element]:
    """With room for `length` rows: doubled, so that adding one by one copies each row once on average."""
    if length <= len(array):
        return array
    larger = np.zeros((max(length, 2 * len(array), 1024), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger
