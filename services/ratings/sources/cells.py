"""Cells as they stand in a file -> numbers and times, a column at once; not-a-number where a cell holds neither."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ChunkedArray as Cells  # (N,) cells of one column; null is an empty cell
from pyarrow import types

LARGEST_ID = 2**53 - 1  # beyond it JSON's numbers are not exact


def numbers(cells: Cells) -> np.ndarray:
    """(N,) float64; a text such as "4.5" is a number, True is none."""
    if types.is_dictionary(cells.type):
        return numbers(cells.cast(cells.type.value_type))
    if is_text(cells):
        return numbers_of_text(cells)
    if types.is_integer(cells.type) or types.is_floating(cells.type) or types.is_decimal(cells.type):
        return doubles(cells.cast(pa.float64(), safe=False))
    return np.full(len(cells), np.nan)


def is_text(cells: Cells) -> bool:
    kind = cells.type
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def numbers_of_text(cells: Cells) -> np.ndarray:
    """Arrow is quick where every cell is a number; pandas takes what Arrow does not, cell by cell."""
    plain = cells.cast(pa.string())
    try:
        return doubles(plain.cast(pa.float64()))
    except pa.ArrowInvalid:
        return np.asarray(pd.to_numeric(plain.to_pandas().astype(object), errors="coerce"), float)


def doubles(cells: Cells) -> np.ndarray:
    return np.asarray(cells.fill_null(np.nan).to_numpy())


def is_id(values: np.ndarray) -> np.ndarray:
    return np.asarray((values == np.floor(values)) & (values >= 0) & (values <= LARGEST_ID))


def seconds(cells: Cells) -> np.ndarray:
    """(N,) float64 since 1970, UTC: from numbers, dates, or ISO 8601 text; without a zone, UTC is meant."""
    if types.is_timestamp(cells.type) or types.is_date(cells.type):
        return since_1970(pd.to_datetime(cells.to_pandas(), utc=True, errors="coerce"))
    found = numbers(cells)
    if is_text(cells) and np.isnan(found).any():
        found = np.where(np.isnan(found), seconds_of_text(cells), found)
    return found


def seconds_of_text(cells: Cells) -> np.ndarray:
    """What begins with a digit: pandas would take "now" and "today" for times, too."""
    plain = pc.utf8_trim_whitespace(cells.cast(pa.string()))
    dates = pc.if_else(pc.match_substring_regex(plain, r"^\d"), plain, None)
    return since_1970(pd.to_datetime(dates.to_pandas(), format="ISO8601", utc=True, errors="coerce"))


def since_1970(times: pd.Series) -> np.ndarray:
    whole = times.dt.tz_localize(None).to_numpy("datetime64[s]")
    return np.where(np.isnat(whole), np.nan, whole.astype("int64"))


def texts(cells: Cells) -> list[str]:
    """Every cell as text, "" for an empty one; a list of genres as "Action|Sci-Fi"."""
    return [text(cell) for cell in cells.to_pylist()]


def text(cell: object) -> str:
    if isinstance(cell, list):
        return "|".join(map(str, cell))
    return "" if cell is None else str(cell).strip()
