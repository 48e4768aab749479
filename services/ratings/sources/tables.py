"""A table as its file has it, before anything is checked: columns by name, rows by the file's own count, in blocks."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from services.ratings.sources.complaints import Refused

NEEDED = {"ratings": ["userId", "movieId", "rating"], "movies": ["movieId", "title"], "users": ["userId"]}

# The genres of ml-100k, a column of 0 and 1 each.
FLAGS = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


@dataclass(frozen=True)
class Broken:
    """A row that fell apart: it has too many columns, or too few."""

    row: int
    text: str
    what: str


@dataclass(frozen=True)
class Block:
    """Some rows of a table, as many as fit into memory easily."""

    rows: np.ndarray  # (N,) as the file counts them
    cells: pa.Table  # (N, columns) as they stand; null is an empty cell
    broken: list[Broken] = field(default_factory=list)


@dataclass(frozen=True)
class Raw:
    """`where` is what a person calls it: a file's name, or that of a sheet."""

    where: str
    blocks: Iterable[Block]


@dataclass(frozen=True)
class Tables:
    """What a source has: ratings, and perhaps movies and users."""

    ratings: Raw
    movies: Raw | None = None
    users: Raw | None = None


def refuse_missing(where: str, columns: list[str], needed: list[str]) -> None:
    """A table without a column that is needed, or with one of them twice, is not read at all."""
    for column in needed:
        if column not in columns:
            has = ", ".join(filter(None, columns))[:200] or "none"
            raise Refused(f"{where} has no column {column}; it has {has}; nothing was imported")
    for column in columns:
        if column and columns.count(column) > 1:
            raise Refused(f"{where} has the column {column} twice; nothing was imported")
