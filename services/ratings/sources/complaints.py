"""What is wrong with which rows of a source: told to a person, and written down when the rest is imported."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from shared.commands import CannotDo

SHOWN = 20


class Refused(CannotDo):
    """The source cannot be imported; the message says why, and what to do."""


class BadRows(Refused):
    """Some rows cannot be imported, so nothing was; the message names files, rows and columns."""


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong with some rows; `column` is empty when it is the whole row."""

    where: str
    column: str
    what: str
    rows: np.ndarray  # (N,)
    cells: pa.Array  # (N,) text, as a person reads it

    def first(self) -> Iterator[tuple[str, int, str]]:
        """The table, the row and the sentence about it, for as many rows as are shown."""
        column = f", column {self.column}" if self.column else ""
        for row, cell in zip(self.rows[:SHOWN].tolist(), self.cells[:SHOWN].to_pylist(), strict=True):
            yield self.where, row, f"{self.where}, row {row}{column}: {cell} {self.what}"


@dataclass
class Complaints:
    """All that is wrong with a source."""

    found: list[Complaint] = field(default_factory=list)

    def add(self, where: str, column: str, what: str, rows: np.ndarray, cells: list[object]) -> None:
        if len(rows):
            self.found.append(Complaint(where, column, what, rows, pa.array(map(shown, cells), pa.string())))

    def bad_rows(self) -> int:
        tables = {complaint.where for complaint in self.found}
        return sum(len(np.unique(np.concatenate([c.rows for c in self.found if c.where == name]))) for name in tables)

    def report(self, name: str) -> str:
        """How many rows are bad, and the first of them."""
        count, total = self.bad_rows(), sum(len(complaint.rows) for complaint in self.found)
        first = [sentence for complaint in self.found for sentence in complaint.first()]
        more = [f"  ... and {total - SHOWN:,} more"] if total > SHOWN else []
        head = f"{name}: {'1 bad row' if count == 1 else f'{count:,} bad rows'}; nothing was imported"
        return "\n".join([head, *(f"  {sentence}" for *_, sentence in sorted(first)[:SHOWN]), *more])

    def write(self, path: Path) -> None:
        """Every complaint as a row of a .csv."""
        parts = [
            pd.DataFrame({"row": c.rows, "column": c.column, "cell": c.cells.to_pandas(), "reason": c.what}).assign(
                file=c.where
            )
            for c in self.found
        ]
        table = pd.concat(parts)[["file", "row", "column", "cell", "reason"]]
        table.sort_values(["file", "row"], kind="stable").to_csv(path, index=False)


def shown(cell: object) -> str:
    """A cell in a sentence: a number as it is, text in quotes, and not too much of either."""
    if cell is None:
        return "an empty cell"
    try:
        float(str(cell))
        return str(cell)[:60]
    except ValueError:
        return repr(str(cell))[:60]
