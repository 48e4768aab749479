"""What all tables have in common when their rows are looked at: doubts become complaints, and the other rows stay."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from services.ratings.sources.complaints import Complaints
from services.ratings.sources.tables import Block

NOT_AN_ID = "is not an id (a whole number from 0)"


@dataclass(frozen=True)
class Doubt:
    """Which rows of a block are wrong in a column, and how."""

    column: str
    wrong: np.ndarray  # (N,) bool
    what: str


@dataclass(frozen=True)
class Inspection:
    """Of one table, `where`; it complains to `complaints`."""

    where: str
    complaints: Complaints

    def good(self, block: Block, doubts: list[Doubt]) -> np.ndarray:
        """(N,) the rows without a fault; rows of empty cells are passed over without a word."""
        blank = np.logical_and.reduce([column.is_null().to_numpy() for column in block.cells.columns])
        good = ~blank
        for doubt in doubts:
            wrong = doubt.wrong & ~blank
            good &= ~wrong
            cells = block.cells[doubt.column].filter(pa.array(wrong)).to_pylist() if wrong.any() else []
            self.complaints.add(self.where, doubt.column, doubt.what, block.rows[wrong], cells)
        for broken in block.broken:
            self.complaints.add(self.where, "", broken.what, np.array([broken.row]), [broken.text])
        return np.asarray(good)

    def firsts(self, table: pd.DataFrame, key: pd.Series, ids: pd.Series, column: str, what: str) -> pd.DataFrame:
        """Of the rows with the same key the first; `ids` are shown as the cells of the others. Indexed by row."""
        repeated = key.duplicated().to_numpy()
        if not repeated.any():
            return table
        self.complaints.add(self.where, column, what, table.index[repeated].to_numpy(), ids[repeated].tolist())
        return table[~repeated]
