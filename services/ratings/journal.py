"""What people add and take back, on the disk before it is answered: one SQLite file, one row a user and movie."""

import os
import sqlite3
from dataclasses import astuple, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from shared.artifacts import sync
from shared.commands import CannotDo
from shared.problems import Unavailable

VERSION = 1
# One row is the last word of a user about a movie: the file grows with what is rated, not with how often.
LAYOUT = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS changes (
    user_id INTEGER NOT NULL,
    movie_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    stars REAL,  -- NULL: taken back
    at INTEGER,  -- seconds since 1970, UTC; NULL: unknown
    PRIMARY KEY (user_id, movie_id)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
COMMIT
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
            self.connection = opened(path) if path.exists() else None
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
    return opened(path)


def make_folder(folder: Path) -> None:
    """Its name is on the disk as well: SQLite sees to the names of its files, not to those of folders above them."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(mode=0o755, exist_ok=True)
        sync(folder.parent)


def opened(path: Path) -> sqlite3.Connection:
    """Ready to be read and written; sqlite3.Error when it cannot be."""
    connection = sqlite3.connect(address(path), uri=True, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a change is on the disk before it is answered
        check(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def address(path: Path) -> str:
    """In a folder that cannot be written SQLite may make no file beside this one, and needs to be told so."""
    uri = path.absolute().as_uri()
    if os.access(path.parent, os.W_OK):
        return uri
    return f"{uri}?mode=ro" if path.with_name(f"{path.name}-wal").exists() else f"{uri}?immutable=1"


def check(connection: sqlite3.Connection) -> None:
    """Lays out a file that is empty; refuses one that is damaged, or was laid out by somebody else."""
    if (damage := value(connection, "PRAGMA quick_check(1)")) != "ok":
        raise sqlite3.DatabaseError(damage.splitlines()[-1])
    if value(connection, "SELECT count(*) FROM sqlite_master") == 0:
        connection.executescript(LAYOUT)
    if (version := value(connection, "PRAGMA user_version")) != VERSION:
        raise sqlite3.DatabaseError(f"its version is {version}, not {VERSION}: it was written by something else")


def value(connection: sqlite3.Connection, question: str) -> Any:
    return connection.execute(question).fetchone()[0]
