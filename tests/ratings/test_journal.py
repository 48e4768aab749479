"""What was answered is on the disk: after kill -9, on a full disk, in a folder that cannot be written."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.ratings.journal import Change, Journal, JournalUnreadable
from shared.problems import Unavailable
from shared.services import ROOT

LIKED = Change(1, 50, "Star Wars", 5.0, 889_301_700)
TAKEN_BACK = Change(1, 50, "Star Wars", None)
NEW_USER = Change(2**53, 3, "Amélie", 0.5)

# Writes changes for ever and says which of them were answered, each in a line.
WRITER = """
import sys
from pathlib import Path
from services.ratings.journal import Change, Journal
journal, number = Journal(Path(sys.argv[1])), int(sys.argv[2])
while True:
    number += 1
    journal.write(Change(number, number % 7, "x" * (number % 500), number / 2))
    print(number, flush=True)
"""

# The same under a limit on the size of files, which is what a full disk looks like; then says why it had to stop.
FILLER = """
import resource, sys
from pathlib import Path
from services.ratings.journal import Change, Journal
from shared.problems import Unavailable
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
journal, number = Journal(Path(sys.argv[1])), 0
try:
    while True:
        journal.write(Change(number + 1, 1, "a title", 4.0))
        number += 1
except Unavailable as problem:
    print(number, problem.status, problem.detail)
assert len(journal.changes()) == number, "what was refused is not there"
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.write(Change(number + 1, 1, "a title", 4.0))
"""

# root may write anywhere, so it becomes nobody first.
READER = """
import os, sys
from pathlib import Path
from services.ratings.journal import Change, Journal
from shared.problems import Unavailable
if os.geteuid() == 0:
    os.setuid(65_534)
journal = Journal(Path(sys.argv[1]))
print(len(journal.changes()))
try:
    journal.write(Change(2, 1, "a title", 4.0))
except Unavailable as problem:
    print(problem.status, problem.detail)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ratings" / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = Journal(path)
    yield journal
    journal.close()


def read_again(path: Path) -> list[Change]:
    journal = Journal(path)
    try:
        return journal.changes()
    finally:
        journal.close()


def run(code: str, path: Path) -> str:
    command = [sys.executable, "-c", code, str(path)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout


def test_without_changes_there_is_no_file(journal: Journal, path: Path) -> None:
    assert journal.changes() == []
    assert not path.parent.exists()


def test_what_was_written_is_read_by_the_next_process(journal: Journal, path: Path) -> None:
    for change in (LIKED, NEW_USER):
        journal.write(change)
    assert read_again(path) == journal.changes() == [LIKED, NEW_USER]


def test_the_last_word_about_a_movie_counts(journal: Journal, path: Path) -> None:
    for change in (LIKED, NEW_USER, TAKEN_BACK):
        journal.write(change)
    assert read_again(path) == [TAKEN_BACK, NEW_USER]


def test_every_change_waits_for_the_disk(journal: Journal) -> None:
    journal.write(LIKED)
    assert journal.connection is not None
    answers = [journal.connection.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")]
    assert answers == [("wal",), (2,)]  # 2 is FULL: https://www.sqlite.org/pragma.html#pragma_synchronous


def test_threads_may_write_at_the_same_time(journal: Journal, path: Path) -> None:
    changes = [Change(user, movie, "a title", 3.0) for user in range(20) for movie in range(5)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(journal.write, changes))
    assert read_again(path) == changes


def test_what_was_answered_before_kill_9_is_there_and_nothing_else(path: Path) -> None:
    answered = 0
    for lines in (1, 2, 40, 3, 150):
        command = [sys.executable, "-c", WRITER, str(path), str(answered)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(lines):
                process.stdout.readline()
            process.kill()
            # What it said after these lines was answered as well; a line that the kill cut was not.
            rest = [line for line in process.stdout if line.endswith("\n")]
        answered += lines + len(rest)
        numbers = [change.user_id for change in read_again(path)]
        assert numbers in (list(range(1, answered + 1)), list(range(1, answered + 2)))
        assert all(change.title == "x" * (change.user_id % 500) for change in read_again(path))
        answered = len(numbers)


def test_a_full_disk_is_said_loses_nothing_and_passes(path: Path) -> None:
    written, status, reason = run(FILLER, path).split(maxsplit=2)
    assert int(written) > 10
    assert status == "503"
    assert "nothing was changed" in reason
    assert [change.user_id for change in read_again(path)] == list(range(1, int(written) + 2))


@pytest.mark.parametrize("closed", [True, False])
def test_a_folder_that_cannot_be_written_is_read(closed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        path = Path(folder) / "journal.sqlite"
        journal = Journal(path)
        journal.write(LIKED)
        if closed:
            journal.close()
        Path(folder).chmod(0o555)
        count, status, reason = run(READER, path).split(maxsplit=2)
        journal.close()
        Path(folder).chmod(0o755)
    assert (count, status) == ("1", "503")
    assert "cannot be written" in reason


def test_a_place_that_cannot_be_a_folder_is_told_when_something_is_written(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    journal = Journal(tmp_path / "state" / "ratings" / "journal.sqlite")
    assert journal.changes() == []
    with pytest.raises(Unavailable, match=r"nothing was changed.*cannot be written.*Not a directory"):
        journal.write(LIKED)


def test_nothing_is_written_to_a_file_that_was_removed(journal: Journal, path: Path) -> None:
    journal.write(LIKED)
    path.unlink()
    with pytest.raises(Unavailable, match="No such file"):
        journal.write(NEW_USER)


def damage_header(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)


def damage_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:4196] = os.urandom(100)
    path.write_bytes(content)


def another_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()


def another_database(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (cake TEXT)")
    connection.close()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (damage_header, "file is not a database"),
        (damage_page, "Page 2|malformed"),
        (another_version, "its version is 2, not 1"),
        (another_database, "its version is 0, not 1"),
    ],
)
def test_a_file_that_is_no_journal_is_refused_with_what_to_do(
    journal: Journal, path: Path, damage: Callable[[Path], None], words: str
) -> None:
    journal.write(LIKED)
    journal.close()
    damage(path)
    with pytest.raises(JournalUnreadable, match=rf"(?i)journal.sqlite cannot be read .*({words}).*move it away"):
        Journal(path)


def test_a_file_that_a_crash_left_empty_is_begun_anew(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    assert read_again(path) == []
