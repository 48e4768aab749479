"""The newsletter's .xlsx: sheets `products` (movieId, title, genres) and `users` (userId, movieId, rating, timestamp).

Rows are counted as Excel counts them: the header is row 1.
"""

import zlib
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook
from tqdm import tqdm

from services.ratings.sources.complaints import Refused
from services.ratings.sources.tables import NEEDED, Block, Raw, Tables, refuse_missing

SHEETS = {"products": "movies", "users": "ratings"}
# What openpyxl raises for a file that is no .xlsx, is cut off, or has cells that are not what they say.
UNREADABLE = (
    *(BadZipFile, InvalidFileException, ParseError, zlib.error),
    *(AttributeError, IndexError, KeyError, TypeError, ValueError),
)


def read_xlsx(path: Path) -> Tables:
    """The cells of both sheets as they stand."""
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        for name in set(SHEETS) & set(book.sheetnames):
            book[name].reset_dimensions()  # what the file says of its size may be wrong, and rows would be lost
        refuse_missing_sheets(book, path.name)
        sheets = {name: Raw(f"sheet {name}", list(blocks(book, name))) for name in SHEETS}
    except UNREADABLE as error:
        reason = f"it is not an .xlsx file, or not a whole one ({error})"
        raise Refused(f"{path.name}: {reason}; nothing was imported") from error
    return Tables(ratings=sheets["users"], movies=sheets["products"])


def refuse_missing_sheets(book: Workbook, file: str) -> None:
    for name, table in SHEETS.items():
        if name not in book.sheetnames:
            has = ", ".join(book.sheetnames)
            raise Refused(f"{file}: no sheet {name}; it has {has}; nothing was imported")
        refuse_missing(f"{file}: sheet {name}", header(book, name), NEEDED[table])


def header(book: Workbook, name: str) -> list[str]:
    first: tuple[object, ...] = next(book[name].iter_rows(max_row=1, values_only=True), ())
    return ["" if cell is None else str(cell).strip() for cell in first]


def blocks(book: Workbook, name: str) -> Iterator[Block]:
    """One block: a sheet has a million rows at most."""
    rows = book[name].iter_rows(min_row=2, values_only=True)
    lines = list(tqdm(rows, desc=f"reading sheet {name}", unit=" rows"))
    columns = {
        column: pa.array([as_text(line[at]) if at < len(line) else None for line in lines], pa.string())
        for at, column in enumerate(header(book, name))
        if column
    }
    yield Block(np.arange(2, len(lines) + 2), pa.table(columns))


def as_text(cell: object) -> str | None:
    """Excel's dates as ISO 8601."""
    if isinstance(cell, date | time):
        return cell.isoformat()
    return None if cell is None else str(cell)
