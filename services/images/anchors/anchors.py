"""The truth about the index, in one SQLite file beside a folder of pictures.

A picture is added or removed whole, and on the disk before that is answered, whenever the process is killed. Several
processes may work on one folder.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, fields
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import numpy as np

from services.images.anchors.files import Files
from services.images.anchors.layout import LAYOUT, PAGE, VERSION
from services.images.anchors.problems import AnchorsUnreadable, problems
from services.images.anchors.records import Added, Anchor, BySpace, Change, New, Picture
from services.images.stores import Keys, Vectors
from shared.artifacts import sync
from shared.database import connected, make_folder, opened, refuse_damage
from shared.problems import InsufficientStorage, NotFound, Problem

COLUMNS = ", ".join(field.name for field in fields(Anchor))
RESERVE = 1_000_000  # bytes
WRITTEN = ("id", *(field.name for field in fields(Picture)), "added_at", "source", "model", "folded")
INSERT = f"INSERT INTO anchors ({', '.join(WRITTEN)}) VALUES ({', '.join('?' * len(WRITTEN))})"  # noqa: S608


class Anchors:
    """For any number of threads. `defaults` is where the files lie that came with the model."""

    def __init__(self, folder: Path, defaults: Path | None = None) -> None:
        self.folder, self.path, self.defaults = folder, folder / "anchors.sqlite", defaults
        self.reserve = folder / "reserve"
        self.files, self.lock, self.idle = Files(folder / "files"), Lock(), list[sqlite3.Connection]()
        try:
            make_folder(self.files.folder)
            self.writer = opened(self.path, LAYOUT, VERSION, PAGE)
            self.keep_reserve()
        except (OSError, sqlite3.Error) as error:
            remedy = "put back a copy of it, or move it away to begin without what was added"
            if isinstance(error, OSError):
                remedy = "make the folder writable and see that it has room, or choose another by IMAGES_STATE_DIR"
            raise AnchorsUnreadable(f"{self.path} cannot be opened ({error}): {remedy}") from error
        self.sweep()

    def add(self, pictures: Sequence[New], model: str) -> list[Added]:
        """All of them or, with a problem that says why, none; returns once they are on the disk."""
        try:
            with self.transaction() as rows:
                new = {one.picture.id for one in pictures if found(rows, one.picture.id) is None}
                self.files.write(
                    [one for one in pictures if one.picture.id in new or self.lacks_file(rows, one.picture)]
                )
                keys = [added(rows, one, model) for one in pictures]
                there = {anchor.key: anchor for anchor in read(rows, AMONG, [json.dumps(keys)])}
        except BaseException:
            self.drop_files([one.picture.id for one in pictures])
            raise
        first = {one.picture.id: number for number, one in reversed([*enumerate(pictures)])}
        return [
            Added(there[key], one.picture.id not in new or first[one.picture.id] != number)
            for number, (key, one) in enumerate(zip(keys, pictures, strict=True))
        ]

    def lacks_file(self, rows: sqlite3.Connection, picture: Picture) -> bool:
        """Somebody took it away: adding the picture again puts it back."""
        return has_a_file(rows, picture.id) and not self.files.path(picture).is_file()

    def renew(self, vectors: Mapping[int, BySpace], model: str) -> None:
        """The vectors of another model, by key and space. Whoever was removed meanwhile stays removed."""
        with self.transaction() as rows:
            for key, of_space in vectors.items():
                if rows.execute("SELECT 1 FROM anchors WHERE key = ?", [key]).fetchone():
                    write_vectors(rows, key, of_space, model)

    def remove(self, ids: Sequence[str]) -> list[str]:
        """Those of them that were there; returns once that is on the disk. A full disk has room for this."""
        try:
            gone = self.dropped(ids)
        except InsufficientStorage:
            self.reserve.unlink(missing_ok=True)
            gone = self.dropped(ids)
        self.drop_files(gone)
        with suppress(OSError):  # there will be room another time
            self.keep_reserve()
        return gone

    def dropped(self, ids: Sequence[str]) -> list[str]:
        with self.transaction() as rows:
            return [id_ for id_ in dict.fromkeys(ids) if dropped(rows, id_)]

    def keep_reserve(self) -> None:
        """Room that only removing may take."""
        if not self.reserve.exists():
            self.reserve.write_bytes(bytes(RESERVE))
            sync(self.reserve)

    def rename(self, id_: str, name: str) -> Anchor:
        with self.transaction() as rows:
            if not (there := read(rows, "WHERE id = ?", [id_])):
                raise self.unknown(id_)
            new = [name, folded(name, there[0].file), there[0].key]
            rows.execute("UPDATE anchors SET name = ?, folded = ? WHERE key = ?", new)
            tell(rows, there[0].key, "name")
        return self.get(id_)

    def import_defaults(self, pictures: Sequence[Picture], vectors: BySpace, model: str) -> None:
        """What came with `model` takes the place of what came with another; what people added and removed stays.

        `vectors` are (N, D) a space, in the order of the pictures. Nothing is done when it was done before.
        """
        with self.reading() as rows:
            if rows.execute("SELECT model FROM defaults").fetchall() == [(model,)]:
                return
        with self.transaction() as rows:
            drop_other_defaults(rows, {picture.id for picture in pictures})
            removed = {id_ for (id_,) in rows.execute("SELECT id FROM removed")}
            for number, picture in enumerate(pictures):
                if picture.id not in removed:
                    there = found(rows, picture.id)
                    key = there[0] if there else inserted(rows, picture, "default", model)
                    write_vectors(rows, key, {space: several[number] for space, several in vectors.items()}, model)
            rows.execute("DELETE FROM defaults")
            rows.execute("INSERT INTO defaults VALUES (?)", [model])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; other threads and processes wait."""
        with self.lock, problems(self.folder):
            self.path.stat()  # SQLite would go on writing a file that was removed, and keep nothing.
            self.writer.execute("BEGIN IMMEDIATE")
            try:
                yield self.writer
                self.writer.execute("COMMIT")
            except BaseException:
                if self.writer.in_transaction:
                    self.writer.execute("ROLLBACK")
                raise

    def drop_files(self, ids: Sequence[str]) -> None:
        """Those that no row speaks of: one may have been added again just now, by another process."""
        try:
            with self.transaction() as rows:
                self.files.drop([id_ for id_ in ids if not has_a_file(rows, id_)])
        except Problem:  # A file too many harms nobody; who opens the folder next sweeps it up.
            return

    def sweep(self) -> None:
        """The files of pictures that a killed process had begun to add, or to remove."""
        if next(self.files.all(), None) is None:
            return
        try:
            with self.transaction() as rows:
                self.files.sweep({id_ for (id_,) in rows.execute("SELECT id FROM anchors WHERE source = 'added'")})
        except Problem:
            return

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of one's own: a long search for names holds up nobody."""
        try:
            connection = self.idle.pop()
        except IndexError:
            connection = connected(self.path)
        try:
            yield connection
        finally:
            self.idle.append(connection)

    def read(self, where: str, given: Sequence[object] = ()) -> list[Anchor]:
        with self.reading() as rows:
            return read(rows, where, given)

    def get(self, id_: str) -> Anchor:
        if there := self.read("WHERE id = ?", [id_]):
            return there[0]
        raise self.unknown(id_)

    def unknown(self, id_: str) -> NotFound:
        return NotFound(f"no anchor {id_}: there are {self.count()}, listed at /images/anchors")

    def by_keys(self, keys: Sequence[int]) -> dict[int, Anchor]:
        """Those that are there."""
        return {anchor.key: anchor for anchor in self.read(AMONG, [json.dumps(keys)])}

    def known(self, ids: Sequence[str], model: str) -> set[str]:
        """Which of them are there, with their file and vectors of `model`."""
        where = "WHERE model = ? AND id IN (SELECT value FROM json_each(?))"
        there = self.read(where, [model, json.dumps(ids)])
        return {anchor.id for anchor in there if self.file_of(anchor).is_file()}

    def find(self, query: str = "", limit: int = 50, offset: int = 0) -> tuple[list[Anchor], int]:
        """Those whose name or file contains the query in whatever case, in the order they were added; how many."""
        wanted = folded(query)
        with self.reading() as rows:
            (total,) = rows.execute("SELECT count(*) FROM anchors WHERE instr(folded, ?)", [wanted]).fetchone()
            page = "WHERE instr(folded, ?) ORDER BY key LIMIT ? OFFSET ?"
            return read(rows, page, [wanted, limit, offset]), total

    def each(self, size: int = 1000) -> Iterator[list[Anchor]]:
        """All of them, some at a time, in the order they were added."""
        last = 0
        while some := self.read("WHERE key > ? ORDER BY key LIMIT ?", [last, size]):
            yield some
            last = some[-1].key

    def same_pixels(self) -> list[list[Anchor]]:
        """Groups of files that show the same to the pixel."""
        several = "SELECT pixels FROM anchors GROUP BY pixels HAVING count(*) > 1"
        groups: dict[str, list[Anchor]] = {}
        for anchor in self.read(f"WHERE pixels IN ({several}) ORDER BY key"):
            groups.setdefault(anchor.pixels, []).append(anchor)
        return list(groups.values())

    def stale(self, model: str) -> list[Anchor]:
        """Those that have the vectors of another model: to be embedded anew."""
        return self.read("WHERE model != ? ORDER BY key", [model])

    def count(self) -> int:
        with self.reading() as rows:
            count: int = rows.execute("SELECT count(*) FROM anchors").fetchone()[0]
        return count

    def file_of(self, anchor: Anchor) -> Path:
        if anchor.source == "default" and self.defaults is not None:
            return self.defaults / anchor.stored_as
        return self.files.path(anchor)

    def bytes_of(self, anchor: Anchor) -> bytes:
        try:
            return self.file_of(anchor).read_bytes()
        except FileNotFoundError:
            raise self.unknown(anchor.id) from None  # removed since it was found

    def widths(self, model: str) -> dict[str, int]:
        """Of the vectors of `model`, by space."""
        first = "SELECT min(key) FROM anchors WHERE model = ?"
        with self.reading() as rows:
            asked = f"SELECT space, length(vector) / 4 FROM vectors WHERE key = ({first})"  # noqa: S608
            return dict(rows.execute(asked, [model]))

    def keys(self, model: str) -> Keys:
        """Of those that have vectors of `model`, in order."""
        with self.reading() as rows:
            found = rows.execute("SELECT key FROM anchors WHERE model = ? ORDER BY key", [model])
            return np.fromiter((key for (key,) in found), np.int64)

    def vectors(self, keys: Keys, model: str) -> dict[str, tuple[Keys, Vectors]]:
        """By space: which of the keys have a vector of `model`, and these, (N, D)."""
        asked = (
            "SELECT space, key, vector FROM vectors JOIN anchors USING (key) "
            "WHERE model = ? AND key IN (SELECT value FROM json_each(?)) ORDER BY key"
        )
        of_space: dict[str, list[tuple[int, bytes]]] = {}
        with self.reading() as rows:
            for space, key, vector in rows.execute(asked, [model, json.dumps(keys.tolist())]):
                of_space.setdefault(space, []).append((key, vector))
        return {space: arrays_of(found) for space, found in of_space.items()}

    def changes_since(self, seq: int) -> list[Change]:
        with self.reading() as rows:
            return [Change(*row) for row in rows.execute("SELECT seq, key, what FROM changes WHERE seq > ?", [seq])]

    def mark_of(self, seq: int) -> str:
        """What tells the change from any other of that number; empty when there is none."""
        with self.reading() as rows:
            row = rows.execute("SELECT hex(mark) FROM changes WHERE seq = ?", [seq]).fetchone()
        return str(row[0]) if row else ""

    def refuse_damage(self) -> None:
        """Reads the whole database, which at a million pictures takes a minute."""
        try:
            with self.reading() as rows:
                refuse_damage(rows)
        except sqlite3.Error as error:
            raise AnchorsUnreadable(f"{self.path} is damaged ({error}): put back a copy of it") from error

    def close(self) -> None:
        with self.lock:
            for connection in [*self.idle, self.writer]:
                connection.close()
            self.idle.clear()


AMONG = "WHERE key IN (SELECT value FROM json_each(?))"  # any number, where question marks end at some thousands


def read(rows: sqlite3.Connection, where: str, given: Sequence[object] = ()) -> list[Anchor]:
    return [Anchor(*row) for row in rows.execute(f"SELECT {COLUMNS} FROM anchors {where}", given)]  # noqa: S608


def found(rows: sqlite3.Connection, id_: str) -> tuple[int, str] | None:
    """Key and model."""
    row: tuple[int, str] | None = rows.execute("SELECT key, model FROM anchors WHERE id = ?", [id_]).fetchone()
    return row


def has_a_file(rows: sqlite3.Connection, id_: str) -> bool:
    return rows.execute("SELECT 1 FROM anchors WHERE id = ? AND source = 'added'", [id_]).fetchone() is not None


def added(rows: sqlite3.Connection, new: New, model: str) -> int:
    """Its key. Of a picture that is known, vectors of another model are replaced and the rest left as it is."""
    there = found(rows, new.picture.id)
    if there is not None and there[1] == model:
        return there[0]
    key = there[0] if there else inserted(rows, new.picture, "added", model)
    rows.execute("DELETE FROM removed WHERE id = ?", [new.picture.id])
    write_vectors(rows, key, new.vectors, model)
    return key


def inserted(rows: sqlite3.Connection, picture: Picture, source: str, model: str) -> int:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    given = [picture.id, *astuple(picture), now, source, model, folded(picture.name, picture.file)]
    key = rows.execute(INSERT, given).lastrowid
    assert key is not None, "a row was inserted"
    return key


def write_vectors(rows: sqlite3.Connection, key: int, vectors: BySpace, model: str) -> None:
    rows.execute("UPDATE anchors SET model = ? WHERE key = ?", [model, key])
    rows.execute("DELETE FROM vectors WHERE key = ?", [key])
    blobs = [(key, space, np.asarray(vector, "<f4").tobytes()) for space, vector in vectors.items()]
    rows.executemany("INSERT INTO vectors VALUES (?, ?, ?)", blobs)
    tell(rows, key, "vectors")


def dropped(rows: sqlite3.Connection, id_: str, for_good: bool = True) -> bool:
    """Whether it was there. What came with a model is remembered, or it would come back with the next start."""
    if not (there := read(rows, "WHERE id = ?", [id_])):
        return False
    if for_good and there[0].source == "default":
        rows.execute("INSERT OR IGNORE INTO removed VALUES (?)", [id_])
    rows.execute("DELETE FROM vectors WHERE key = ?", [there[0].key])
    rows.execute("DELETE FROM anchors WHERE key = ?", [there[0].key])
    tell(rows, there[0].key, "gone")
    return True


def drop_other_defaults(rows: sqlite3.Connection, kept: set[str]) -> None:
    for anchor in read(rows, "WHERE source = 'default'"):
        if anchor.id not in kept:
            dropped(rows, anchor.id, for_good=False)


def tell(rows: sqlite3.Connection, key: int, what: str) -> None:
    rows.execute("INSERT INTO changes (key, what) VALUES (?, ?)", [key, what])


def arrays_of(found: Sequence[tuple[int, bytes]]) -> tuple[Keys, Vectors]:
    vectors = np.frombuffer(b"".join(vector for _, vector in found), "<f4").reshape(len(found), -1)
    return np.array([key for key, _ in found], np.int64), vectors.astype(np.float32)


def folded(*texts: str) -> str:
    return "\n".join(texts).casefold()
