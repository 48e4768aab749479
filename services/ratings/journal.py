"""What people add and take back, on the disk before it is answered: one SQLite file, one row a user and movie."""

import sqlite3
from dataclasses import astuple, dataclass
from pathlib import Path
from threading import Lock

from shared.commands import CannotDo
from shared.database import make_folder, opened
from shared.problems import Unavailable

VERSION = 1
# One row is the last word of a user about a movie: the file grows with what is rated, not with how often.
LAYOUT = """
CREATE TABLE IF NOT EXISTS changes (
    user_id INTEGER NOT NULL,
    movie_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    stars REAL,  -- NULL: taken back
    at INTEGER,  -- seconds since 1970, UTC; NULL: unknown
    PRIMARY KEY (user_id, movie_id)
) WITHOUT ROWID
"""


class JournalUnreadable(CannotDo):
    """The file cannot be opened, is damaged, or is not a journal that this version reads."""


@dataclass(frozen=True)
class Change:
    """What a user last said about a movie; its title tells whether a catalogue means the same movie by the id."""

    user_id: int
    movie_id: int
    title: str
    stars: float | None  # None: taken back
    at: int | None = None  # seconds since 1970, UTC


class Journal:
    """For the threads of one process. The first change makes the file; until then there is none."""

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, Lock()
        try:
            self.connection = opened(path, LAYOUT, VERSION) if path.exists() else None
        except (OSError, sqlite3.Error) as error:
            remedy = "put back a copy of it, or move it away to begin without what was added"
            raise JournalUnreadable(f"{path} cannot be read ({error}): {remedy}") from error

    def write(self, change: Change) -> None:
        """Returns once the change is on the disk; a problem says why it is not."""
        with self.lock:
            try:
                self.connection = self.writable()
                self.connection.execute("REPLACE INTO changes VALUES (?, ?, ?, ?, ?)", astuple(change))
            except (OSError, sqlite3.Error) as error:
                raise Unavailable(
                    f"nothing was changed, for it could not be saved: {self.path} cannot be written ({error}); "
                    "see that the disk has room and the file may be written, and ask again"
                ) from error

    def writable(self) -> sqlite3.Connection:
        if self.connection is None:
            return created(self.path)
        self.path.stat()  # SQLite would go on writing a file that was removed, and keep nothing.
        return self.connection

    def changes(self) -> list[Change]:
        """The last word of every user about every movie, by user and movie."""
        with self.lock:
            if self.connection is None:
                return []
            rows = self.connection.execute("SELECT user_id, movie_id, title, stars, at FROM changes ORDER BY 1, 2")
            return [Change(*row) for row in rows]

    def close(self) -> None:
        with self.lock:
            if self.connection is not None:
                self.connection.close()
            self.connection = None


def created(path: Path) -> sqlite3.Connection:
    make_folder(path.parent)
    return opened(path, LAYOUT, VERSION)
