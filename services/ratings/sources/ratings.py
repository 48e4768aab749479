"""The ratings of a source, row by row: who, what, how many stars, and when if the source tells."""

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from services.ratings.sources.cells import is_id, numbers, seconds
from services.ratings.sources.complaints import Complaints
from services.ratings.sources.doubts import NOT_AN_ID, Doubt, Inspection
from services.ratings.sources.tables import Block, Raw

SECONDS_A_DAY = 86_400  # so late may another clock be
NOT_A_TIME = "is not a time (seconds since 1970, UTC, or ISO 8601)"
IN_THE_FUTURE = "lies in the future (a number is seconds since 1970, not milliseconds)"
COLUMNS = {"user_id": "int64", "movie_id": "int64", "stars": "float32", "timestamp": "int64"}
Scale = tuple[float, float]


@dataclass(frozen=True)
class Known:
    """The movies that may be rated, and where they stand."""

    where: str
    ids: pd.Index


def good_ratings(raw: Raw, known: Known | None, scale: Scale | None, complaints: Complaints) -> pd.DataFrame:
    """user_id, movie_id, stars, timestamp (0 where the source has no times), indexed by row."""
    inspection = Inspection(raw.where, complaints)
    parts = [good_block(block, known, scale, inspection) for block in raw.blocks]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    parts.clear()  # 30 million rows need not be kept twice
    return inspection.firsts(
        table, pairs(table), table["movie_id"], "movieId", "was rated by the same user in an earlier row"
    )


def pairs(table: pd.DataFrame) -> pd.Series:
    """A number for each pair of user and movie."""
    user, movie = (pd.factorize(table[column])[0] for column in ("user_id", "movie_id"))
    return pd.Series(user * (movie.max(initial=0) + 1) + movie, table.index)


def good_block(block: Block, known: Known | None, scale: Scale | None, inspection: Inspection) -> pd.DataFrame:
    user, movie, stars = (numbers(block.cells[column]) for column in ("userId", "movieId", "rating"))
    timed = "timestamp" in block.cells.column_names
    times = seconds(block.cells["timestamp"]) if timed else np.zeros(len(user))
    doubts = [*bad_ids(user, movie, known), *bad_stars(stars, scale), *(bad_times(times) if timed else [])]
    good = inspection.good(block, doubts)
    columns = dict(zip(COLUMNS, (user, movie, stars, times), strict=True))
    return pd.DataFrame({name: columns[name][good].astype(COLUMNS[name]) for name in COLUMNS}, block.rows[good])


def bad_ids(user: np.ndarray, movie: np.ndarray, known: Known | None) -> list[Doubt]:
    doubts = [Doubt("userId", ~is_id(user), NOT_AN_ID), Doubt("movieId", ~is_id(movie), NOT_AN_ID)]
    if known is None:
        return doubts
    unknown = is_id(movie) & (known.ids.get_indexer(pd.Index(movie)) < 0)
    return [*doubts, Doubt("movieId", unknown, f"is not in {known.where}")]


def bad_stars(stars: np.ndarray, scale: Scale | None) -> list[Doubt]:
    """Stars are kept as float32; what is too large for it is infinite."""
    with np.errstate(over="ignore"):
        finite = np.isfinite(stars.astype("float32"))
    doubts = [Doubt("rating", ~finite, "is not a number")]
    if scale is None:
        return doubts
    off = finite & ~((stars >= scale[0]) & (stars <= scale[1]))
    return [*doubts, Doubt("rating", off, f"is off the scale of {scale[0]:g} to {scale[1]:g} stars")]


def bad_times(times: np.ndarray) -> list[Doubt]:
    return [
        Doubt("timestamp", np.isnan(times), NOT_A_TIME),
        Doubt("timestamp", times < 0, "lies before 1970"),
        Doubt("timestamp", times > time.time() + SECONDS_A_DAY, IN_THE_FUTURE),
    ]
