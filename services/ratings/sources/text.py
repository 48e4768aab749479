"""Text files of one row a line: .csv with a header, and MovieLens' older forms (.dat, u.data, u.item, u.user)."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import Path as ZipPath

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv
from tqdm import tqdm

from services.ratings.sources.complaints import Refused
from services.ratings.sources.tables import FLAGS, Block, Broken, Raw, refuse_missing

BYTES_A_BLOCK = 2**25
UNIT_SEPARATOR = b"\x1f"  # in place of "::": Arrow's separators are one letter long


@dataclass(frozen=True)
class Form:
    """How the lines of a file are written; without `columns` the first line names them."""

    separator: str
    columns: list[str] | None = None
    encodings: tuple[str, ...] = ("utf-8",)


OLD = ("utf-8", "latin-1")  # the older sets are Latin-1, but ml-10m's .dat are UTF-8
RATINGS = ["userId", "movieId", "rating", "timestamp"]
FORMS = {
    "ratings.dat": Form("::", RATINGS, OLD),
    "movies.dat": Form("::", ["movieId", "title", "genres"], OLD),
    "users.dat": Form("::", ["userId", "gender", "age", "occupation", "zip_code"], OLD),
    "u.data": Form("\t", RATINGS, OLD),
    "u.item": Form("|", ["movieId", "title", "release_date", "video_release_date", "url", *FLAGS], OLD),
    "u.user": Form("|", ["userId", "age", "gender", "occupation", "zip_code"], OLD),
}
CSV = Form(",")


def read_text(file: Path | ZipPath, needed: list[str]) -> Raw:
    """The header is looked at now, the rows when they are asked for."""
    form = FORMS.get(file.name, CSV)
    with file.open("rb") as source:
        columns = form.columns or header(source.readline(), file.name)
    refuse_missing(file.name, columns, needed)
    return Raw(file.name, blocks(file, form, columns))


def header(line: bytes, name: str) -> list[str]:
    try:
        names: list[str] = next(csv.reader([line.decode("utf-8-sig")]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{name} is not a text file in UTF-8 ({error}); nothing was imported") from error
    return [name.strip() for name in names]


def blocks(file: Path | ZipPath, form: Form, columns: list[str]) -> Iterator[Block]:
    with file.open("rb") as source, tqdm(total=size(file), unit="B", unit_scale=True, desc=file.name) as bar:
        assert isinstance(source, io.BufferedIOBase)
        row = 1 if form.columns else 2
        bar.update(0 if form.columns else len(source.readline()))
        while data := source.read(BYTES_A_BLOCK) + source.readline():
            block = parsed(utf8(data, form, file.name, row), form, columns, file.name, row)
            if "title" not in columns:  # only titles may go on in the next line
                refuse_open_quotes(data, block, file.name, row)
            yield block
            row += len(block.rows) + len(block.broken)
            bar.update(len(data))


def refuse_open_quotes(data: bytes, block: Block, name: str, first: int) -> None:
    """A quote that is not closed swallows the lines behind it; they would be lost as one bad row."""
    if len(block.rows) + len(block.broken) < data.count(b"\n"):
        row = next((first + at for at, line in enumerate(data.split(b"\n")) if line.count(b'"') % 2), first)
        raise Refused(f"{name}, row {row}: a quote is not closed in its line; nothing was imported")


def size(file: Path | ZipPath) -> int:
    return file.root.getinfo(file.at).file_size if isinstance(file, ZipPath) else file.stat().st_size


def utf8(data: bytes, form: Form, name: str, row: int) -> bytes:
    for encoding in form.encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            bad_row = row + data.count(b"\n", 0, error.start)
        else:
            return data if encoding == "utf-8" else text.encode()
    raise Refused(f"{name}, row {bad_row}: not UTF-8; save the file as UTF-8; nothing was imported")


def parsed(data: bytes, form: Form, columns: list[str], name: str, first: int) -> Block:
    """The rows of `data`, the first of which is row `first`; those with too many or too few columns are broken."""
    broken: list[Broken] = []

    def keep(row: arrow_csv.InvalidRow) -> str:
        what = f"has {row.actual_columns} columns instead of {row.expected_columns}"
        broken.append(Broken(first + row.number - 1, row.text.replace(UNIT_SEPARATOR.decode(), form.separator), what))
        return "skip"

    if len(form.separator) > 1:
        data = data.replace(form.separator.encode(), UNIT_SEPARATOR)
    reading = arrow_csv.ReadOptions(column_names=columns, use_threads=False, block_size=len(data) + 1)
    try:
        table = arrow_csv.read_csv(io.BytesIO(data), reading, as_lines(form, keep), as_text(columns))
    except pa.ArrowInvalid as error:
        raise Refused(f"{name}, from row {first} on: {error}; nothing was imported") from error
    rows = np.arange(first, first + len(table) + len(broken))
    return Block(np.delete(rows, [row.row - first for row in broken]) if broken else rows, table, broken)


def as_lines(form: Form, keep: Callable[[arrow_csv.InvalidRow], str]) -> arrow_csv.ParseOptions:
    """Only a .csv has quotes; an empty line counts as a row."""
    quoted = form.columns is None
    return arrow_csv.ParseOptions(
        delimiter=form.separator if len(form.separator) == 1 else UNIT_SEPARATOR.decode(),
        quote_char='"' if quoted else False,
        newlines_in_values=quoted,
        ignore_empty_lines=False,
        invalid_row_handler=keep,
    )


def as_text(columns: list[str]) -> arrow_csv.ConvertOptions:
    """Cells as they are written, an empty one as null."""
    return arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()),
        strings_can_be_null=True,
        null_values=[""],
        include_columns=[column for column in columns if column],
    )
