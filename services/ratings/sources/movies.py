"""The movies of a source, row by row, or whatever its items are: title, year, genres."""

import numpy as np
import pandas as pd

from services.ratings.features import GENRES, NO_YEAR
from services.ratings.sources.cells import is_id, numbers, texts
from services.ratings.sources.complaints import Complaints
from services.ratings.sources.doubts import NOT_AN_ID, Doubt, Inspection
from services.ratings.sources.tables import FLAGS, Block, Raw
from services.ratings.sources.titles import clean

NO_GENRES = {"(no genres listed)", "unknown"}
OLDER_WORDS = {"Children's": "Children"}  # MovieLens' first sets call this genre so


def good_movies(raw: Raw, complaints: Complaints) -> pd.DataFrame:
    """movie_id, title, year, genres (None: an empty cell), indexed by row."""
    inspection = Inspection(raw.where, complaints)
    table = pd.concat([good_block(block, inspection) for block in raw.blocks] or [empty()])
    return inspection.firsts(table, table["movie_id"], table["movie_id"], "movieId", "stands in an earlier row already")


def empty() -> pd.DataFrame:
    return pd.DataFrame({"movie_id": [], "title": [], "year": [], "genres": []}).astype({"movie_id": "int64"})


def good_block(block: Block, inspection: Inspection) -> pd.DataFrame:
    ids, titles = numbers(block.cells["movieId"]), pd.Series(texts(block.cells["title"]), dtype=object)
    doubts = [Doubt("movieId", ~is_id(ids), NOT_AN_ID), Doubt("title", (titles == "").to_numpy(), "is not a title")]
    good = inspection.good(block, doubts)
    cleaned = [clean(title) for title in titles[good]]
    genres = pd.Series(genres_of(block), dtype=object)[good].tolist()
    columns = {"title": [title for title, _ in cleaned], "year": [year or NO_YEAR for _, year in cleaned]}
    return pd.DataFrame({"movie_id": ids[good].astype("int64"), **columns, "genres": genres}, block.rows[good])


def genres_of(block: Block) -> list[str | None]:
    """Of each row as "Action|Sci-Fi"; None where nothing is said."""
    columns = block.cells.column_names
    if "genres" in columns:
        return [plain_genres(cell) if cell.strip() else None for cell in texts(block.cells["genres"])]
    if set(FLAGS) <= set(columns):
        flags = np.stack([numbers(block.cells[name]) == 1 for name in FLAGS], axis=1)  # (M, genres)
        names = np.array(FLAGS)
        return [plain_genres("|".join(names[row])) for row in flags]
    return [None] * len(block.rows)


def plain_genres(cell: str) -> str:
    """ "Action | Sci-Fi" as "Action|Sci-Fi"; nothing for "(no genres listed)" and for the flag `unknown`."""
    names = [name.strip() for name in cell.split("|")]
    return "|".join(dict.fromkeys(OLDER_WORDS.get(name, name) for name in names if name and name not in NO_GENRES))


def odd_genres(movies: pd.DataFrame, where: str) -> list[str]:
    """Reported, not refused: a movie can do without genres, and somebody's own items have genres of their own."""
    missing = movies.index[movies["genres"].isna()]
    if len(missing) and len(missing) == len(movies):
        return [f"{where}: no row names genres; the movies are kept, without any"]
    warnings = [
        f"{where}, row {row}, column genres: an empty cell names no genres; the movie is kept, without any"
        for row in missing
    ]
    named = movies["genres"].fillna("").str.split("|").explode()
    own = named[(named != "") & ~named.isin(GENRES)].drop_duplicates()
    return warnings + [
        f"{where}, row {row}, column genres: {name} is not a genre of MovieLens; kept" for row, name in own.items()
    ]


def by_id(ratings: pd.DataFrame) -> pd.DataFrame:
    """Movies of which nothing is known but their ids."""
    ids = pd.Series(sorted(ratings["movie_id"].unique()), dtype="int64")
    return pd.DataFrame({"movie_id": ids, "title": [f"Movie {movie}" for movie in ids], "year": NO_YEAR, "genres": ""})
