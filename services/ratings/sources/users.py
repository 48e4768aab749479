"""What a source tells about its users, row by row: age, gender, occupation, or whatever columns it has."""

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from services.ratings.sources.cells import LARGEST_ID, is_id, numbers, texts
from services.ratings.sources.complaints import Complaints
from services.ratings.sources.doubts import NOT_AN_ID, Doubt, Inspection
from services.ratings.sources.tables import Block, Raw

LEFT_OUT = ("zip", "zip_code", "zip-code", "zipcode")  # where somebody lives, and different for almost everybody
CODED = "users.dat"
# What the numbers in ml-1m's users.dat mean, by its README; as numbers they would seem to count something.
OCCUPATIONS = (
    *("other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service"),
    *("doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer", "programmer"),
    *("retired", "sales/marketing", "scientist", "self-employed", "technician/engineer", "tradesman/craftsman"),
    *("unemployed", "writer"),
)
IN_WORDS = {str(code): words for code, words in enumerate(OCCUPATIONS)}


def good_users(raw: Raw, complaints: Complaints) -> pd.DataFrame:
    """user_id and the source's other columns as numbers or text, indexed by row."""
    inspection = Inspection(raw.where, complaints)
    parts = [good_block(block, inspection) for block in raw.blocks]
    users = typed(pd.concat(parts)) if parts else pd.DataFrame({"user_id": []}, dtype="int64")
    if raw.where == CODED:
        users["occupation"] = [IN_WORDS.get(str(code), str(code)) for code in users["occupation"]]
    return inspection.firsts(users, users["user_id"], users["user_id"], "userId", "stands in an earlier row already")


def good_block(block: Block, inspection: Inspection) -> pd.DataFrame:
    ids = numbers(block.cells["userId"])
    good = inspection.good(block, [Doubt("userId", ~is_id(ids), NOT_AN_ID)])
    own = {name: texts(block.cells[name]) for name in block.cells.column_names if is_told(name)}
    table = pd.DataFrame({"user_id": ids, **own}, block.rows)[good]
    return table.astype({"user_id": "int64"})


def is_told(column: str) -> bool:
    return column not in {"userId", "user_id"} and column.lower() not in LEFT_OUT


def typed(users: pd.DataFrame) -> pd.DataFrame:
    """Columns that hold nothing but numbers as numbers, not-a-number where a cell is empty."""
    for name in users.columns.drop("user_id"):
        filled = users[name] != ""
        found = pd.to_numeric(users[name].where(filled), errors="coerce")
        if filled.any() and found[filled].notna().all():
            users[name] = found.astype("int64") if (is_whole(found) & filled).all() else found
    return users


def is_whole(values: pd.Series) -> pd.Series:
    return (values == values.round()) & (values.abs() <= LARGEST_ID)


def strangers(users: pd.DataFrame, ratings: pd.DataFrame) -> np.ndarray:
    """Those who rated and are not among the users."""
    return np.setdiff1d(ratings["user_id"].unique(), users["user_id"])


def with_strangers(users: pd.DataFrame, unknown: np.ndarray) -> pd.DataFrame:
    """`users`, and behind them those of whom nothing is known: "" where the others have text."""
    if not len(unknown):
        return users.reset_index(drop=True)
    together = pd.concat([users, pd.DataFrame({"user_id": unknown})], ignore_index=True)
    return together.fillna({name: "" for name in users if not is_numeric_dtype(users[name])})
