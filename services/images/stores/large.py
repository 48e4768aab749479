"""The store for many: short codes find some hundred candidates, their true cosines rank them.

Vectors lie in lists by their nearest of some centres, of which a search reads a few (IVF: Jégou, Douze & Schmid 2011,
https://doi.org/10.1109/TPAMI.2010.57, section IV), as codes of two bits a dimension that are compared 32 at a time
(Quick ADC: André, Kermarrec & Le Scouarnec 2017, https://arxiv.org/abs/1704.07355).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from services.images.stores.base import BLOCK, Found, Keys, Vectors, best_of, grown, last_of_each, nearest, padded
from services.images.stores.measured import Sample
from services.images.stores.rows import NOWHERE, Places, Rows
from services.images.stores.snapshots import opened, written

# How many lists are read and how many candidates compared: the first that finds enough of what is truly nearest.
EFFORTS = ((16, 200), (32, 400), (64, 800), (128, 1600), (256, 3200))
ENOUGH = 0.995  # recall@10 on a sample: the goal is 0.99
MOST_BY_CODES = 1000  # asked for more, comparing with each is hardly slower
ROUNDS = 8  # of k-means
SAMPLE = 40  # vectors a list that the centres are learned from

Reader = Callable[[Keys], tuple[Keys, Vectors]]  # those of the keys that are there, and their vectors


class Large:
    """For one thread at a time. A row is written once; deleting clears its bit, which the next search respects."""

    def __init__(self, width: int, index: Any, folder: Path | None = None) -> None:
        self.width, self.index = width, index
        self.rows, self.places = Rows(width, folder), Places()
        self.owners = np.zeros(0, np.int64)  # the key of each row
        self.live = np.zeros(0, np.uint8)  # a bit a row
        self.effort, self.recall = EFFORTS[0], 1.0
        self.alive = self.trained = self.tuned = 0  # vectors: now, when it was trained, when its effort was chosen

    @classmethod
    def built(cls, width: int, keys: Keys, read: Reader, folder: Path | None = None) -> "Large":
        """Trained on a sample of what `read` gives, filled with all of it, and only then asked how well it finds."""
        index = empty_index(width, len(keys))
        chosen = np.random.default_rng(0).permutation(keys)[: SAMPLE * index.nlist]
        faiss.omp_set_num_threads(1)
        index.train(read(chosen)[1])
        store = cls(width, index, folder)
        for start in range(0, len(keys), BLOCK):
            store.upsert(*read(keys[start : start + BLOCK]))
        store.trained = store.alive
        store.tune(Sample.of(store))
        return store

    def tune(self, sample: Sample) -> None:
        """Takes the least effort that finds enough of a sample; where none does, the most there is."""
        for effort in EFFORTS:
            recall = sample.recall(self.search(sample.queries, sample.k + 1, effort=effort))
            if recall >= ENOUGH:
                break
        self.effort, self.recall, self.tuned = effort, recall, self.alive

    def upsert(self, keys: Keys, vectors: Vectors) -> None:
        places = last_of_each(keys)
        keys, vectors = keys[places], np.ascontiguousarray(vectors[places], np.float32)
        rows = self.rows.append(vectors)
        self.index.add_with_ids(vectors, rows)
        self.delete(keys)
        self.owners = grown(self.owners, self.rows.count)
        self.owners[rows] = keys
        self.places.put(dict(zip(keys.tolist(), rows.tolist(), strict=True)))
        self.live = grown(self.live, self.rows.count // 8 + 1)
        np.bitwise_or.at(self.live, rows >> 3, bit_of(rows))
        self.alive += len(keys)

    def delete(self, keys: Keys) -> None:
        keys = np.unique(keys)
        rows = self.places.find(keys)
        keys, rows = keys[rows != NOWHERE], rows[rows != NOWHERE]
        np.bitwise_and.at(self.live, rows >> 3, ~bit_of(rows))
        self.places.put(dict.fromkeys(keys.tolist(), NOWHERE))
        self.alive -= len(keys)

    def search(
        self, vectors: Vectors, k: int, among: Keys | None = None, effort: tuple[int, int] | None = None
    ) -> Found:
        vectors = np.ascontiguousarray(vectors, np.float32)
        if among is not None:
            rows = self.places.find(np.unique(among))
            return self.compared(vectors, k, rows[rows != NOWHERE])
        if k > MOST_BY_CODES:
            return self.compared(vectors, k, self.live_rows())
        candidates = self.candidates(vectors, k, effort or self.effort)  # (Q, C)
        keys, cosines = np.empty((len(vectors), k), np.int64), np.empty((len(vectors), k), np.float32)
        for number, (query, rows) in enumerate(zip(vectors, candidates, strict=True)):
            keys[number], cosines[number] = self.ranked(query, rows, k)
        return keys, cosines

    def candidates(self, vectors: Vectors, k: int, effort: tuple[int, int]) -> NDArray[np.int64]:
        """The rows whose codes are nearest, (Q, C); -1 where the lists have no more."""
        faiss.omp_set_num_threads(1)
        lists, candidates = effort
        living = faiss.IDSelectorBitmap(self.live)  # type: ignore[call-arg, arg-type]
        chosen = faiss.SearchParametersIVF(nprobe=lists, sel=living)  # type: ignore[call-arg]
        rows: NDArray[np.int64] = self.index.search(vectors, max(candidates, 4 * k), params=chosen)[1]
        return rows

    def ranked(self, query: Vectors, rows: NDArray[np.int64], k: int) -> Found:
        """By cosine, (k,) each."""
        rows = rows[rows >= 0]
        cosines = self.rows[rows] @ query  # (C,)
        order = np.argsort(-cosines)[:k]
        (keys,), (best,) = padded(self.owners[rows[order]][None], cosines[order][None], k)
        return keys, best

    def compared(self, vectors: Vectors, k: int, rows: NDArray[np.int64]) -> Found:
        """With each of `rows`."""
        best = padded(np.empty((len(vectors), 0), np.int64), np.empty((len(vectors), 0), np.float32), 0)
        for some in in_blocks(rows):
            best = best_of(best, nearest(vectors, self.owners[some], self.rows[some], k), k)
        return padded(*best, k)

    def get(self, keys: Keys) -> Vectors:
        rows = self.places.find(keys)
        if (rows == NOWHERE).any():
            raise KeyError(int(keys[rows == NOWHERE][0]))
        return self.rows[rows]

    def has(self, keys: Keys) -> NDArray[np.bool_]:
        there: NDArray[np.bool_] = self.places.find(keys) != NOWHERE
        return there

    def live_rows(self) -> NDArray[np.int64]:
        return np.flatnonzero(np.unpackbits(self.live, count=self.rows.count, bitorder="little"))

    def keys(self) -> Keys:
        return self.owners[self.live_rows()]

    def count(self) -> int:
        return self.alive

    @property
    def dead(self) -> float:
        """The share of the rows that only take up room."""
        return 1 - self.alive / max(1, self.rows.count)

    def snapshot(self, path: Path) -> None:
        effort: dict[str, float] = {"lists": self.effort[0], "candidates": self.effort[1], "recall": self.recall}
        with written(
            path, {"kind": "large", "width": self.width, "trained": self.trained, "tuned": self.tuned} | effort
        ) as folder:
            # FAISS's own writing says of a full disk that some runtime error happened.
            (folder / "index.faiss").write_bytes(faiss.serialize_index(self.index).data)
            self.rows.save(folder / "rows.int16")
            np.save(folder / "keys.npy", self.owners[: self.rows.count])
            np.save(folder / "live.npy", self.live)

    @classmethod
    def open(cls, path: Path, folder: Path | None = None) -> "Large":
        config = opened(path, "large")
        store = cls(int(config["width"]), faiss.read_index(str(path / "index.faiss")), folder)
        store.rows.load(path / "rows.int16")
        store.owners, store.live = np.load(path / "keys.npy"), np.load(path / "live.npy")
        rows = store.live_rows()
        store.places.fill(store.owners[rows], rows)
        store.alive, store.trained, store.recall = len(rows), int(config["trained"]), config["recall"]
        store.tuned = int(config["tuned"])
        store.effort = int(config["lists"]), int(config["candidates"])
        return store


def empty_index(width: int, count: int) -> Any:
    """For about `count` vectors: four times its root of lists, and a code of 4 bits for every two dimensions."""
    lists, parts = max(1, round(4 * count**0.5)), width // 2 if width % 2 == 0 else width
    index: Any = faiss.index_factory(width, f"IVF{lists},PQ{parts}x4fs", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = ROUNDS
    index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1  # no warning on standard error
    return index


def bit_of(rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Within its byte, as FAISS reads a bitmap."""
    bits: NDArray[np.uint8] = np.left_shift(1, rows & 7).astype(np.uint8)
    return bits


def in_blocks(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(rows), BLOCK):
        yield rows[start : start + BLOCK]
