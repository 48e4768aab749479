"""The exact store: every vector is compared. As quick as any while there are few."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.images.stores.base import Found, Keys, Vectors, grown, last_of_each, nearest
from services.images.stores.snapshots import opened, written


class Flat:
    """For one thread at a time. Of 0 to `count()` the rows are full: the last one moves to where one is deleted."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.vectors = np.zeros((0, width), np.float32)
        self.owners = np.zeros(0, np.int64)  # the key of each row
        self.rows: dict[int, int] = {}  # of each key

    def upsert(self, keys: Keys, vectors: Vectors) -> None:
        places = last_of_each(keys)
        for key in keys[places].tolist():
            self.rows.setdefault(key, len(self.rows))
        self.vectors, self.owners = grown(self.vectors, len(self.rows)), grown(self.owners, len(self.rows))
        rows = self.rows_of(keys[places])
        self.vectors[rows], self.owners[rows] = vectors[places], keys[places]

    def delete(self, keys: Keys) -> None:
        for key in keys.tolist():
            row = self.rows.pop(key, None)
            if row is not None and row != (last := len(self.rows)):
                self.vectors[row], self.owners[row] = self.vectors[last], self.owners[last]
                self.rows[int(self.owners[row])] = row

    def search(self, vectors: Vectors, k: int, among: Keys | None = None) -> Found:
        if among is None:
            return nearest(vectors, self.keys(), self.vectors[: self.count()], k)
        some = np.unique(among[self.has(among)])
        return nearest(vectors, some, self.vectors[self.rows_of(some)], k)

    def get(self, keys: Keys) -> Vectors:
        return self.vectors[self.rows_of(keys)]

    def rows_of(self, keys: Keys) -> NDArray[np.int64]:
        return np.fromiter((self.rows[key] for key in keys.tolist()), np.int64, len(keys))

    def has(self, keys: Keys) -> NDArray[np.bool_]:
        return np.fromiter((key in self.rows for key in keys.tolist()), np.bool_, len(keys))

    def keys(self) -> Keys:
        return self.owners[: self.count()]

    def count(self) -> int:
        return len(self.rows)

    def snapshot(self, path: Path) -> None:
        with written(path, {"kind": "flat", "width": self.width}) as folder:
            np.save(folder / "keys.npy", self.keys())
            np.save(folder / "vectors.npy", self.vectors[: self.count()])

    @classmethod
    def open(cls, path: Path) -> "Flat":
        store = cls(int(opened(path, "flat")["width"]))
        store.upsert(np.load(path / "keys.npy"), np.load(path / "vectors.npy"))
        return store
