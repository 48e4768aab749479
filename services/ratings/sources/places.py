"""A path -> the tables that lie there: a folder, a .zip of one, an .xlsx, or a single file of ratings."""

import hashlib
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile
from zipfile import Path as ZipPath

from services.ratings.sources.complaints import Refused
from services.ratings.sources.parquet import read_parquet
from services.ratings.sources.spreadsheet import read_xlsx
from services.ratings.sources.tables import NEEDED, Raw, Tables
from services.ratings.sources.text import read_text
from shared.artifacts import sha256_of

Place = Path | ZipPath
# The tables of a folder, by the file of its ratings.
FOLDERS = {
    "ratings.csv": {"movies": "movies.csv", "users": "users.csv"},
    "ratings.dat": {"movies": "movies.dat", "users": "users.dat"},
    "u.data": {"movies": "u.item", "users": "u.user"},
    "ratings.parquet": {"movies": "movies.parquet", "users": "users.parquet"},
}


def read_place(path: Path, movies: Path | None) -> Tables:
    """The tables at `path`; `movies` may name the movies of a single file of ratings."""
    if not path.exists():
        raise Refused(f"no file or folder {path}")
    if path.is_file() and path.suffix not in {".zip", ".xlsx"}:
        return Tables(read_table(path, "ratings"), read_table(movies, "movies") if movies else None)
    if movies:
        raise Refused(f"{path.name} has its own movies: --movies is for a single file of ratings")
    if path.suffix == ".xlsx":
        return read_xlsx(path)
    return read_folder(path if path.is_dir() else inside(path))


def read_table(file: Place, table: str) -> Raw:
    reader = read_parquet if file.name.endswith(".parquet") else read_text
    return reader(file, NEEDED[table])


def read_folder(folder: Place) -> Tables:
    there = [name for name in FOLDERS if (folder / name).exists()]
    if len(there) != 1:
        found = f"has {' and '.join(there)}; give the path of one" if there else f"has none of {', '.join(FOLDERS)}"
        raise Refused(f"{folder.name} {found}; nothing was imported")
    others = {table: folder / name for table, name in FOLDERS[there[0]].items()}
    tables = {table: read_table(file, table) for table, file in others.items() if file.exists()}
    return Tables(read_table(folder / there[0], "ratings"), **tables)


def inside(path: Path) -> ZipPath:
    """The folder in a .zip where the ratings lie."""
    try:
        names = [PurePosixPath(name) for name in ZipFile(path).namelist()]
    except BadZipFile as error:
        raise Refused(f"{path.name} is not a .zip file, or not a whole one; nothing was imported") from error
    folders = sorted({str(name.parent) for name in names if name.name in FOLDERS})
    if len(folders) != 1:
        found = f"has ratings in {', '.join(folders)}" if folders else f"has none of {', '.join(FOLDERS)}"
        raise Refused(f"{path.name} {found}; nothing was imported")
    return ZipPath(path, "" if folders[0] == "." else f"{folders[0]}/")


def fingerprint(path: Path) -> str:
    """The sha256 of a file, or of the sha256 of all tables in a folder."""
    if path.is_file():
        return sha256_of(path)
    names = sorted({name for ratings, others in FOLDERS.items() for name in (ratings, *others.values())})
    sums = [f"{name} {sha256_of(path / name)}" for name in names if (path / name).is_file()]
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()
