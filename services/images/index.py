"""The index: the table of the anchors, and their vectors behind FAISS with a few words of our own."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Split = Literal["train", "validation", "unseen"]


class Row(NamedTuple):
    """An anchor in the table; `split` tells what training did with this identity."""

    id: str
    file: str
    name: str
    sha256: str
    split: Split


def read_table(path: Path) -> list[Row]:
    return [Row(**row) for row in json.loads(path.read_text())]


def write_table(path: Path, rows: Sequence[Row]) -> None:
    path.write_text(json.dumps([row._asdict() for row in rows], indent=1))


class VectorStore:
    """Unit vectors by id, searched by inner product, which is their cosine; exact.

    FAISS numbers its rows; `ids[row]` is the anchor's id. The newsletter's `apply` over a table and a sort answers the
    same, far slower.
    """

    def __init__(self, ids: Sequence[str], index: faiss.Index) -> None:
        if len(ids) != index.ntotal:
            raise ValueError(f"{len(ids)} ids for an index of {index.ntotal} vectors: they are not of one training run")
        self.ids = list(ids)
        self.rows = {id_: row for row, id_ in enumerate(self.ids)}
        self.index = index

    @classmethod
    def build(cls, ids: Sequence[str], vectors: Vectors) -> "VectorStore":
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(ids, index)

    @classmethod
    def load(cls, ids: Sequence[str], path: Path) -> "VectorStore":
        return cls(ids, faiss.read_index(str(path)))

    def save(self, path: Path) -> None:
        faiss.write_index(self.index, str(path))

    def count(self) -> int:
        return len(self.ids)

    def get(self, id_: str) -> Vectors:
        vector: Vectors = np.asarray(self.index.reconstruct(self.rows[id_]))
        return vector  # (D,)

    def search(self, vectors: Vectors, k: int) -> tuple[list[list[str]], Vectors]:
        """For each query the ids of its `k` nearest, nearest first, and their cosines (N, k)."""
        cosines, rows = self.index.search(np.ascontiguousarray(vectors, dtype=np.float32), k)  # (N, k) each
        return [[self.ids[row] for row in found] for found in rows], cosines
