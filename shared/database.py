"""SQLite files that keep what was answered: on the disk before the answer, checked when opened, no folder missing."""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from shared.artifacts import sync

WAIT = 60  # seconds for another process to end its transaction
CHECKED = 2**28  # bytes that are read through when a file is opened: a second; a larger one is checked when asked for


def make_folder(folder: Path) -> None:
    """Its name is on the disk as well: SQLite sees to the names of its files, not to those of folders above them."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(mode=0o755, exist_ok=True)
        sync(folder.parent)


def opened(path: Path, layout: str, version: int, page: int = 4096) -> sqlite3.Connection:
    """Ready to be read and written; a new file is laid out by `layout`, in pages of so many bytes.

    sqlite3.Error when it cannot be.
    """
    connection = connected(path, page)
    try:
        if path.stat().st_size <= CHECKED:
            refuse_damage(connection)
        lay_out(connection, layout, version)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connected(path: Path, page: int = 4096) -> sqlite3.Connection:
    """One more connection to a file that was checked."""
    connection = sqlite3.connect(address(path), WAIT, uri=True, check_same_thread=False, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {page}")  # of a new file
        keep_a_journal(connection)
        connection.execute("PRAGMA journal_size_limit = 1000000")  # bytes kept of the journal when it was longer
        connection.execute("PRAGMA synchronous = FULL")  # a change is on the disk before it is answered
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def keep_a_journal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for its turn here: one of two that open a new file is told it is locked."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def address(path: Path) -> str:
    """In a folder that cannot be written SQLite may make no file beside this one, and needs to be told so."""
    uri = path.absolute().as_uri()
    if os.access(path.parent, os.W_OK):
        return uri
    return f"{uri}?mode=ro" if path.with_name(f"{path.name}-wal").exists() else f"{uri}?immutable=1"


def refuse_damage(connection: sqlite3.Connection) -> None:
    if (damage := value(connection, "PRAGMA quick_check(1)")) != "ok":
        raise sqlite3.DatabaseError(str(damage).splitlines()[-1])


def lay_out(connection: sqlite3.Connection, layout: str, version: int) -> None:
    """A file that is empty; refuses one that was laid out by somebody else."""
    if value(connection, "SELECT count(*) FROM sqlite_master") == 0:
        connection.executescript(f"BEGIN IMMEDIATE; {layout}; PRAGMA user_version = {version}; COMMIT")
    if (found := value(connection, "PRAGMA user_version")) != version:
        raise sqlite3.DatabaseError(f"its version is {found}, not {version}: it was written by something else")


def value(connection: sqlite3.Connection, question: str) -> Any:
    return connection.execute(question).fetchone()[0]
