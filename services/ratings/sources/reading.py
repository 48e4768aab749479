"""A source, by its name or path -> Dataset, and the complaints about rows that had to be left out."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile
from zlib import error as ZlibError

import pyarrow as pa

from services.ratings.dataset import Dataset
from services.ratings.sources.complaints import BadRows, Complaints, Refused
from services.ratings.sources.movielens import ML_100K, SETS, MovieLens, download, read_wheel
from services.ratings.sources.places import read_place
from services.ratings.sources.ratings import Scale
from services.ratings.sources.tables import Tables
from services.ratings.sources.together import look_at, together

LICENCE = "the terms of whoever gave you the file; MovieLens data: research use, cite Harper and Konstan 2015"

# What comes of a damaged .zip or parquet file, and of one that may not be read.
UNREADABLE = (BadZipFile, ZlibError, EOFError, OSError, pa.ArrowException)


@dataclass(frozen=True)
class Imported:
    data: Dataset
    left_out: Complaints


def read_ratings_file(path: Path, movies: Path | None = None, scale: Scale | None = None) -> Dataset:
    """A .csv or .parquet with userId, movieId, rating and perhaps timestamp, whole, or Refused with what is wrong.

    Without `movies` every movie is named by its id; without `scale` it reaches from the lowest to the highest rating.
    """
    return read_source(str(path), movies, scale).data


def read_source(
    source: str, movies: Path | None = None, scale: Scale | None = None, skip_bad_rows: bool = False
) -> Imported:
    """`source` is the name of a MovieLens set, or a path; BadRows if rows are bad and not to be skipped."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            tables, name, known = find(source, Path(folder), movies)
            return imported(tables, name, known, scale, skip_bad_rows)
        except UNREADABLE as error:
            raise Refused(f"{source} cannot be read to its end ({error}); nothing was imported") from error


def find(source: str, into: Path, movies: Path | None) -> tuple[Tables, str, MovieLens | None]:
    """The tables, what they are called, and which set it is, if it is one we know."""
    if source == ML_100K:
        return read_wheel(into), source, SETS[source]
    path = download(source, into) if source in SETS else Path(source)
    tables = read_place(path, movies)
    return tables, path.name, known_set(path, tables)


def known_set(path: Path, tables: Tables) -> MovieLens | None:
    """Told by the name of a folder or .zip, or by the form of the files."""
    if path.suffix == ".xlsx":
        return MovieLens(path.name, (0.5, 5.0), LICENCE)
    if tables.ratings.where == "u.data":
        return SETS[ML_100K]
    return SETS.get(path.resolve().name.removesuffix(".zip"))


def imported(tables: Tables, name: str, known: MovieLens | None, scale: Scale | None, skip_bad_rows: bool) -> Imported:
    found = look_at(tables, scale or (known.scale if known else None))
    if found.complaints.found and not skip_bad_rows:
        raise BadRows(found.complaints.report(name))
    if found.ratings.empty:
        good = "good " if found.complaints.found else ""
        raise Refused(f"{name}: {tables.ratings.where} has no {good}rows; nothing was imported")
    title, licence = (known.title, known.licence) if known else (name, LICENCE)
    return Imported(together(found, title, licence), found.complaints)
