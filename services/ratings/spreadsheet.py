"""The newsletter's .xlsx: sheets `products` (movieId, title, genres) and `users` (userId, movieId, rating, timestamp).

Every row is looked at; one bad row and nothing is imported. Rows are counted as Excel counts them: the header is row 1.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import pandas as pd
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook
from tqdm import tqdm

from services.ratings.dataset import Dataset
from services.ratings.features import GENRES
from services.ratings.titles import clean
from shared.commands import CannotDo

SHEETS = {"products": ["movieId", "title", "genres"], "users": ["userId", "movieId", "rating", "timestamp"]}
SCALE = (0.5, 5.0)
# What openpyxl raises for a file that is no .xlsx, is cut off, or has cells that are not what they say.
UNREADABLE = (
    *(BadZipFile, InvalidFileException, ParseError, zlib.error),
    *(AttributeError, IndexError, KeyError, TypeError, ValueError),
)
LARGEST_ID = 2**53  # beyond it JSON's numbers are not exact
LAST_SECOND = 4_102_444_800  # 2100-01-01; later ones are milliseconds by mistake
NO_GENRES = "(no genres listed)"
SHOWN = 20


class BadSpreadsheet(CannotDo):
    """The file cannot be imported; the message names sheets, columns and rows."""


@dataclass(frozen=True)
class Complaint:
    sheet: str
    column: str
    row: int
    what: str

    def __str__(self) -> str:
        return f"sheet {self.sheet}, row {self.row}, column {self.column}: {self.what}"


def read_xlsx(path: Path) -> Dataset:
    """The whole file, or BadSpreadsheet with what is wrong with it."""
    sheets = read_sheets(path)
    products, users = sheets["products"], sheets["users"]
    complaints = [*bad_products(products), *bad_users(users, products)]
    if complaints:
        raise BadSpreadsheet(report(path, complaints))
    if users.empty:
        raise BadSpreadsheet(f"{path.name}: sheet users has no rows; nothing was imported")
    return dataset(products, users, path.name)


def report(path: Path, complaints: list[Complaint]) -> str:
    rows = len({(c.sheet, c.row) for c in complaints})
    bad = "1 bad row" if rows == 1 else f"{rows:,} bad rows"
    lines = [f"  {complaint}" for complaint in complaints[:SHOWN]]
    if len(complaints) > SHOWN:
        lines.append(f"  ... and {len(complaints) - SHOWN:,} more")
    return "\n".join([f"{path.name}: {bad}; nothing was imported", *lines])


def read_sheets(path: Path) -> dict[str, pd.DataFrame]:
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        for name in set(SHEETS) & set(book.sheetnames):
            book[name].reset_dimensions()  # what the file says of its size may be wrong, and rows would be lost
        refuse_missing(book, path.name)
        return {name: read_sheet(book, name) for name in SHEETS}
    except UNREADABLE as error:
        reason = f"it is not an .xlsx file, or not a whole one ({error})"
        raise BadSpreadsheet(f"{path.name}: {reason}; nothing was imported") from error


def refuse_missing(book: Workbook, file: str) -> None:
    missing = [
        f"no sheet {name}; it has {', '.join(book.sheetnames)}" for name in SHEETS if name not in book.sheetnames
    ]
    if not missing:
        headers = {name: header(book, name) for name in SHEETS}
        missing = [
            f"sheet {name} has no column {column}; it has {', '.join(filter(None, headers[name])) or 'none'}"
            for name, columns in SHEETS.items()
            for column in columns
            if column not in headers[name]
        ]
    if missing:
        raise BadSpreadsheet(f"{file}: {'; '.join(missing)}; nothing was imported")


def header(book: Workbook, name: str) -> list[str]:
    first: tuple[object, ...] = next(book[name].iter_rows(max_row=1, values_only=True), ())
    return ["" if cell is None else str(cell).strip() for cell in first]


def read_sheet(book: Workbook, name: str) -> pd.DataFrame:
    """The cells of the columns we need, as they are, indexed by Excel's row number; empty rows are passed over."""
    rows = book[name].iter_rows(min_row=2, values_only=True)
    cells = list(tqdm(rows, desc=f"reading sheet {name}", unit=" rows"))
    places = {column: header(book, name).index(column) for column in SHEETS[name]}
    columns = {column: [row[at] if at < len(row) else None for row in cells] for column, at in places.items()}
    return pd.DataFrame(columns, index=range(2, len(cells) + 2), dtype=object).dropna(how="all")


def numbers(column: pd.Series) -> pd.Series:
    """The numbers of a column; not-a-number where the cell holds something else."""
    plain = column.map(
        lambda cell: cell if isinstance(cell, int | float | str) and not isinstance(cell, bool) else None
    )
    return pd.to_numeric(plain, errors="coerce").astype(float)


def seconds(column: pd.Series) -> pd.Series:
    """Times as seconds since 1970: given as such, or as cells that Excel formats as a date (taken as UTC)."""
    dates = column.map(lambda cell: cell.replace(tzinfo=UTC).timestamp() if isinstance(cell, datetime) else cell)
    return numbers(dates)


def bad_ids(column: pd.Series) -> pd.Series:
    ids = numbers(column)
    return ~((ids % 1 == 0) & ids.between(0, LARGEST_ID))


def complain(sheet: str, table: pd.DataFrame, column: str, wrong: pd.Series, what: str) -> Iterator[Complaint]:
    for row, cell in table.loc[wrong, column].items():
        given = "an empty cell" if pd.isna(cell) else repr(cell)[:60]
        yield Complaint(sheet, column, int(str(row)), f"{given} {what}")


def bad_products(products: pd.DataFrame) -> Iterator[Complaint]:
    bad = bad_ids(products["movieId"])
    twice = ~bad & numbers(products["movieId"]).duplicated()
    yield from complain("products", products, "movieId", bad, "is not an id (a whole number from 0)")
    yield from complain("products", products, "movieId", twice, "stands in an earlier row already")
    untitled = products["title"].isna() | (products["title"].astype(str).str.strip() == "")
    yield from complain("products", products, "title", untitled, "is not a title")


def bad_users(users: pd.DataFrame, products: pd.DataFrame) -> Iterator[Complaint]:
    bad_user, bad_movie = bad_ids(users["userId"]), bad_ids(users["movieId"])
    yield from complain("users", users, "userId", bad_user, "is not an id (a whole number from 0)")
    yield from complain("users", users, "movieId", bad_movie, "is not an id (a whole number from 0)")
    unknown = ~bad_movie & ~numbers(users["movieId"]).isin(numbers(products["movieId"]))
    yield from complain("users", users, "movieId", unknown, "is not in the sheet products")
    pairs = users[["userId", "movieId"]].apply(numbers)
    twice = ~bad_user & ~bad_movie & pairs.duplicated()
    yield from complain("users", users, "movieId", twice, "was rated by the same user in an earlier row")
    stars = numbers(users["rating"])
    yield from complain("users", users, "rating", stars.isna(), "is not a number")
    off = stars.notna() & ~stars.between(*SCALE)
    yield from complain("users", users, "rating", off, f"is off the scale of {SCALE[0]:g} to {SCALE[1]:g} stars")
    times = ~seconds(users["timestamp"]).between(0, LAST_SECOND)
    yield from complain("users", users, "timestamp", times, "is not a time (seconds since 1970, UTC, before 2100)")


def dataset(products: pd.DataFrame, users: pd.DataFrame, name: str) -> Dataset:
    titles = [clean(str(title)) for title in products["title"]]
    movies = pd.DataFrame(
        {
            "movie_id": numbers(products["movieId"]).astype("int64"),
            "title": [title for title, _ in titles],
            "year": [year or 0 for _, year in titles],
            "genres": products["genres"].map(plain_genres),
        }
    )
    ratings = pd.DataFrame(
        {
            "user_id": numbers(users["userId"]).astype("int64"),
            "movie_id": numbers(users["movieId"]).astype("int64"),
            "stars": numbers(users["rating"]).astype("float32"),
            "timestamp": seconds(users["timestamp"]).astype("int64"),
        }
    )
    people = pd.DataFrame({"user_id": sorted(ratings["user_id"].unique())})
    source = f"{name}: {len(ratings):,} ratings by {len(people):,} users of {len(movies):,} movies"
    licence = "the terms of whoever gave you the file; MovieLens data: research use, cite Harper and Konstan 2015"
    return Dataset(ratings, movies, people, SCALE, source, licence, [*odd_genres(products, movies)])


def plain_genres(cell: object) -> str:
    """ "Action | Sci-Fi" as "Action|Sci-Fi"; nothing for an empty cell and for "(no genres listed)"."""
    if pd.isna(cell) or str(cell).strip() == NO_GENRES:  # type: ignore[call-overload]
        return ""
    return "|".join(dict.fromkeys(name.strip() for name in str(cell).split("|") if name.strip()))


def odd_genres(products: pd.DataFrame, movies: pd.DataFrame) -> Iterator[str]:
    """Reported, not refused: a movie can do without genres, and somebody's own items have genres of their own."""
    missing = products["genres"].isna()
    yield from map(
        str, complain("products", products, "genres", missing, "names no genres; the movie is kept, without any")
    )
    for row, names in movies["genres"].items():
        if own := [name for name in names.split("|") if name and name not in GENRES]:
            yield str(Complaint("products", "genres", int(str(row)), f"{', '.join(own)}: not MovieLens' genre; kept"))
