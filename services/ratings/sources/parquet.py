"""Parquet: the same columns as a .csv, with types of their own. The first row is row 1."""

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from zipfile import Path as ZipPath

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from services.ratings.sources.complaints import Refused
from services.ratings.sources.tables import Block, Raw, refuse_missing

ROWS_A_BLOCK = 2**20


def read_parquet(file: Path | ZipPath, needed: list[str]) -> Raw:
    """What the file says of its columns is looked at now, the rows when they are asked for."""
    try:
        with file.open("rb") as source:
            columns = pq.read_schema(source).names
    except pa.ArrowException as error:
        raise Refused(f"{file.name} is not a parquet file, or not a whole one; nothing was imported") from error
    refuse_missing(file.name, columns, needed)
    return Raw(file.name, blocks(file))


def blocks(file: Path | ZipPath) -> Iterator[Block]:
    row = 1
    with file.open("rb") as source, pq.ParquetFile(source) as table, progress(table, file.name) as bar:
        for batch in table.iter_batches(ROWS_A_BLOCK):
            yield Block(np.arange(row, row + len(batch)), pa.Table.from_batches([batch]))
            row += len(batch)
            bar.update(len(batch))


def progress(table: pq.ParquetFile, name: str) -> "tqdm[NoReturn]":
    return tqdm(total=table.metadata.num_rows, unit=" rows", unit_scale=True, desc=name)
