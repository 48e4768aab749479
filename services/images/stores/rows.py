"""Where the many vectors lie and which row is whose: 16 bits a number in a mapped file, and 16 bytes of RAM a key."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.images.stores.base import Keys, Vectors, last_of_each

NOWHERE = -1
TINY = np.finfo(np.float32).tiny
FEW = 10_000  # places that may wait to be sorted in


class Rows:
    """Vectors by row in a file without a name that is gone with its process.

    Mapped, so that what is never asked for takes no RAM. Written by `pwrite`, for on a full disk that is an error and a
    write into the map the end of the process. Numbers are 16-bit shares of a vector's largest; its length, which is 1,
    is made so again when it is read: no scale need be kept, and of itself its cosine is 1.
    """

    def __init__(self, width: int, folder: Path | None) -> None:
        self.width, self.count = width, 0
        self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (open for as long as the store)
        weakref.finalize(self, self.file.close)
        self.map: NDArray[np.int16] = np.zeros((0, width), np.int16)

    def append(self, vectors: Vectors) -> NDArray[np.int64]:
        """The rows they lie in now."""
        first, end = self.count, self.count + len(vectors)
        self.reserve(end)
        largest = np.abs(vectors).max(1, keepdims=True)
        rounded = np.rint(vectors / np.maximum(largest, TINY) * np.iinfo(np.int16).max).astype(np.int16).tobytes()
        if (written := os.pwrite(self.file.fileno(), rounded, first * self.width * 2)) < len(rounded):
            os.pwrite(self.file.fileno(), rounded[written:], first * self.width * 2 + written)  # says why it fell short
        self.count = end
        return np.arange(first, end)

    def reserve(self, rows: int) -> None:
        if rows > len(self.map):
            capacity = max(rows, 2 * len(self.map), 1024)
            os.ftruncate(self.file.fileno(), capacity * self.width * 2)
            self.map = np.memmap(self.file, np.int16, "r", shape=(capacity, self.width))

    def __getitem__(self, rows: NDArray[np.int64]) -> Vectors:
        vectors = self.map[rows].astype(np.float32)  # (N, D)
        norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]
        unit: Vectors = vectors / np.maximum(norms, TINY)
        return unit

    def save(self, path: Path) -> None:
        with path.open("wb") as target:
            target.write(self.map[: self.count].data)

    def load(self, path: Path) -> None:
        """Into an empty one: a copy, for others may read the snapshot too."""
        self.reserve(path.stat().st_size // (2 * self.width))
        self.file.seek(0)
        with path.open("rb") as source:
            shutil.copyfileobj(source, self.file)
        self.file.flush()
        self.count = path.stat().st_size // (2 * self.width)


class Places:
    """Which row the vector of a key lies in: two sorted arrays, as a dict of a million keys takes 100 MB."""

    def __init__(self) -> None:
        self.keys, self.rows = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.later: dict[int, int] = {}  # overrules the arrays

    def put(self, of: Mapping[int, int]) -> None:
        self.later |= of
        if len(self.later) > max(FEW, len(self.keys) // 8):
            self.sort_in()

    def sort_in(self) -> None:
        later, rows = (np.fromiter(some, np.int64, len(self.later)) for some in (self.later, self.later.values()))
        self.fill(np.concatenate([self.keys, later]), np.concatenate([self.rows, rows]))

    def fill(self, keys: Keys, rows: NDArray[np.int64]) -> None:
        """With these and no others; of a key given twice the last row counts."""
        places = last_of_each(keys)
        places = places[rows[places] != NOWHERE]
        places = places[np.argsort(keys[places])]
        self.keys, self.rows, self.later = keys[places], rows[places], {}

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """NOWHERE for a key that is not there."""
        rows = np.full(len(keys), NOWHERE)
        if len(self.keys):
            places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
            rows = np.where(self.keys[places] == keys, self.rows[places], NOWHERE)
        later = (self.later.get(key, row) for key, row in zip(keys.tolist(), rows.tolist(), strict=True))
        return np.fromiter(later, np.int64, len(keys)) if self.later else rows
