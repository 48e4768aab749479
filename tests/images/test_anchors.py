"""The truth about the index: whole or not there, once, found by every process at once, on the disk when answered."""

import hashlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.images.anchors import (
    Anchors,
    AnchorsUnreadable,
    New,
    Picture,
    Searcher,
    picture_of,
)
from services.images.stores import Growing, Vectors
from shared.problems import InsufficientStorage, NotFound, Unavailable
from shared.services import ROOT

MODEL, OTHER = "a" * 64, "b" * 64
SPACES = {"general": 8, "words": 5}


def vectors_of(text: str) -> dict[str, Vectors]:
    rng = np.random.default_rng(list(text[:30].encode()))
    rows = {space: rng.standard_normal(width, dtype=np.float32) for space, width in SPACES.items()}
    return {space: row / np.linalg.norm(row) for space, row in rows.items()}


def new(text: str, name: str = "", media: str = "image/png") -> New:
    """A picture whose file is `text`; what is in it is not this module's business."""
    raw = text.encode()
    sha256 = hashlib.sha256(raw).hexdigest()
    picture = Picture(sha256, f"{text}.png", name or f"a {text}", media, 4, 3, len(raw), f"seen {text.strip()}")
    return New(raw, picture, vectors_of(text))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "images"


@pytest.fixture
def anchors(folder: Path) -> Iterator[Anchors]:
    anchors = Anchors(folder)
    yield anchors
    anchors.close()


@pytest.fixture
def searcher(folder: Path) -> Iterator[Searcher]:
    yield from opened(folder)


def opened(folder: Path) -> Iterator[Searcher]:
    searcher = Searcher(Anchors(folder, folder.parent / "defaults"), SPACES, MODEL)
    yield searcher
    for store in searcher.stores.values():
        store.settle()
    searcher.close()


def found(searcher: Searcher, text: str, k: int = 1) -> list[str]:
    """The names of what is nearest to a picture."""
    (matches,) = searcher.search("general", vectors_of(text)["general"][None], k)
    return [anchor.name for anchor, _ in matches]


def test_what_is_added_is_there_with_file_and_vectors(anchors: Anchors) -> None:
    ((anchor, known),) = anchors.add([new("apple", "red apple")], MODEL)
    assert (known, anchor.id) == (False, hashlib.sha256(b"apple").hexdigest()[:16])
    assert anchors.get(anchor.id) == anchor
    assert (anchor.name, anchor.source, anchor.added_at[-1]) == ("red apple", "added", "Z")
    assert anchors.bytes_of(anchor) == b"apple"
    stored = anchors.vectors(np.array([anchor.key]), MODEL)
    for space, vector in vectors_of("apple").items():
        np.testing.assert_array_equal(stored[space][1], vector[None])


def test_the_same_file_twice_is_one(anchors: Anchors) -> None:
    first, second = anchors.add([new("apple", "first"), new("apple", "second")], MODEL)
    again = anchors.add([new("apple", "third")], MODEL)[0]
    assert (first.known, second.known, again.known) == (False, True, True)
    assert first.anchor == second.anchor == again.anchor
    assert (anchors.count(), again.anchor.name) == (1, "first")


def test_the_same_file_from_many_threads_at_once_is_one(anchors: Anchors) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: anchors.add([new("apple")], MODEL)[0], range(24)))
    assert [answer.known for answer in answers].count(False) == 1
    assert len({answer.anchor.key for answer in answers}) == anchors.count() == 1


ADDER = """
import sys
from pathlib import Path
from services.images.anchors import Anchors
from tests.images.test_anchors import MODEL, new
anchors = Anchors(Path(sys.argv[1]))
print(sum(not anchors.add([new(f"picture {number}")], MODEL)[0].known for number in range(40)))
"""


def test_the_same_files_from_two_processes_at_once_are_one_each(folder: Path) -> None:
    command = [sys.executable, "-c", ADDER, str(folder)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    counts = [int(process.communicate(timeout=100)[0]) for process in both]
    assert sum(counts) == 40
    searcher = next(opened(folder))
    assert searcher.anchors.count() == searcher.stores["general"].count() == 40
    searcher.close()


def test_what_is_removed_is_gone_with_its_file_and_vectors(anchors: Anchors) -> None:
    anchor = anchors.add([new("apple"), new("pear")], MODEL)[0].anchor
    assert anchors.remove([anchor.id, "0" * 16, anchor.id]) == [anchor.id]
    with pytest.raises(NotFound, match=f"no anchor {anchor.id}: there are 1"):
        anchors.get(anchor.id)
    with pytest.raises(NotFound):
        anchors.bytes_of(anchor)
    assert not anchors.file_of(anchor).exists()
    assert anchors.vectors(np.array([anchor.key]), MODEL) == {}


def test_a_key_is_never_given_again(anchors: Anchors) -> None:
    before = anchors.add([new("apple")], MODEL)[0].anchor
    anchors.remove([before.id])
    assert anchors.add([new("apple")], MODEL)[0].anchor.key > before.key


def test_names_and_files_are_looked_for_in_any_case_and_in_parts(anchors: Anchors) -> None:
    anchors.add([new("one", "ÄPFEL und Birnen"), new("two", "Straße"), new("Three")], MODEL)
    assert [anchor.name for anchor in anchors.find("äpfel")[0]] == ["ÄPFEL und Birnen"]
    assert anchors.find("STRASSE")[1] == anchors.find("three.PNG")[1] == 1
    assert anchors.find("%")[1] == anchors.find("_")[1] == 0
    page, total = anchors.find(limit=1, offset=1)
    assert ([anchor.name for anchor in page], total) == (["Straße"], 3)


def test_a_picture_that_is_renamed_is_found_by_its_new_name_only(anchors: Anchors) -> None:
    anchor = anchors.add([new("one", "old")], MODEL)[0].anchor
    assert anchors.rename(anchor.id, "new") == replace(anchor, name="new")
    assert (anchors.find("old")[1], anchors.find("new")[1], anchors.find("one.png")[1]) == (0, 1, 1)
    with pytest.raises(NotFound):
        anchors.rename("0" * 16, "new")


def test_files_that_show_the_same_are_grouped(anchors: Anchors) -> None:
    anchors.add([new(text) for text in ("apple", "apple ", "pear", "apple  ")], MODEL)
    assert [[anchor.file for anchor in group] for group in anchors.same_pixels()] == [
        ["apple.png", "apple .png", "apple  .png"]
    ]


def test_the_same_pixels_in_another_format_have_the_same_sum_and_other_sizes_another() -> None:
    image, turned = Image.new("RGB", (4, 2), "red"), Image.new("RGB", (2, 4), "red")
    one = picture_of(b"png", image, "a.png", "a", "image/png")
    other = picture_of(b"jpeg", image.copy(), "b.jpg", "b", "image/jpeg")
    assert (one.pixels, one.width, one.bytes) == (other.pixels, 4, 3)
    assert one.pixels != picture_of(b"png", turned, "a.png", "a", "image/png").pixels
    assert (one.stored_as, other.stored_as[-4:]) == (f"{one.id}.png", ".jpg")


def test_pictures_with_vectors_of_another_model_are_stale_until_they_are_renewed(anchors: Anchors) -> None:
    one, two = (answer.anchor for answer in anchors.add([new("one"), new("two")], OTHER))
    assert anchors.stale(MODEL) == [one, two]
    assert anchors.known([one.id, two.id], MODEL) == set()
    anchors.renew({one.key: vectors_of("new"), 99: vectors_of("nobody")}, MODEL)
    assert anchors.stale(MODEL) == [two]
    anchors.add([new("two")], MODEL)
    assert anchors.stale(MODEL) == []
    assert anchors.known([one.id, two.id, "0" * 16], MODEL) == {one.id, two.id}


def defaults(*texts: str) -> tuple[list[Picture], dict[str, Vectors]]:
    vectors = [vectors_of(text) for text in texts]
    stacked = {space: np.stack([one[space] for one in vectors]) for space in SPACES}
    return [new(text).picture for text in texts], stacked


def test_what_came_with_the_model_is_replaced_by_what_comes_with_the_next(anchors: Anchors) -> None:
    anchors.import_defaults(*defaults("one", "two"), MODEL)
    mine = anchors.add([new("mine"), new("three")], MODEL)[0].anchor
    anchors.import_defaults(*defaults("two", "three"), OTHER)
    assert [(anchor.name, anchor.source) for anchor in anchors.find()[0]] == [
        ("a two", "default"),
        ("a mine", "added"),
        ("a three", "added"),
    ]
    assert anchors.stale(OTHER) == [mine]


def test_a_default_that_was_removed_stays_removed_until_it_is_added(anchors: Anchors) -> None:
    anchors.import_defaults(*defaults("one", "two"), MODEL)
    anchors.remove([new("one").picture.id])
    anchors.import_defaults(*defaults("one", "two"), OTHER)
    assert [anchor.name for anchor in anchors.find()[0]] == ["a two"]
    anchors.add([new("one")], OTHER)
    assert anchors.bytes_of(anchors.get(new("one").picture.id)) == b"one"


def test_the_file_of_a_default_lies_with_its_model_and_stays_when_it_is_removed(folder: Path, tmp_path: Path) -> None:
    anchors = Anchors(folder, tmp_path)
    anchors.import_defaults(*defaults("one"), MODEL)
    anchor = anchors.find()[0][0]
    (tmp_path / anchor.stored_as).write_bytes(b"one")
    assert anchors.bytes_of(anchor) == b"one"
    anchors.remove([anchor.id])
    assert (tmp_path / anchor.stored_as).exists()
    anchors.close()


def test_defaults_are_imported_once(anchors: Anchors) -> None:
    anchors.import_defaults(*defaults("one"), MODEL)
    changes = anchors.changes_since(0)
    anchors.import_defaults(*defaults("one"), MODEL)
    assert anchors.changes_since(0) == changes != []


def test_every_change_waits_for_the_disk(anchors: Anchors) -> None:
    answers = [anchors.writer.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")]
    assert answers == [("wal",), (2,)]  # 2 is FULL: https://www.sqlite.org/pragma.html#pragma_synchronous


def test_when_the_database_is_full_nothing_is_half_added(anchors: Anchors) -> None:
    anchors.add([new("one")], MODEL)
    pages = anchors.writer.execute("PRAGMA page_count").fetchone()[0]
    anchors.writer.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(InsufficientStorage, match=r"nothing was changed.*free some room"):
        anchors.add([new(f"picture {number}" * 100) for number in range(100)], MODEL)
    assert anchors.count() == len(list(anchors.files.all())) == len(anchors.changes_since(0)) == 1
    anchors.writer.execute("PRAGMA max_page_count = 1000000")
    assert not anchors.add([new("two")], MODEL)[0].known


def test_when_a_file_finds_no_room_nothing_is_half_added(anchors: Anchors) -> None:
    """A limit on the size of files is what a full disk looks like: the second of two is over it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(InsufficientStorage):
            anchors.add([new("small"), new("large" * 300_000)], MODEL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (anchors.count(), list(anchors.files.all())) == (0, [])
    assert len(anchors.add([new("small"), new("large" * 300_000)], MODEL)) == 2


READ_ONLY = """
import os, sys
from pathlib import Path
from services.images.anchors import Anchors
from shared.problems import Unavailable
from tests.images.test_anchors import MODEL, new
if os.geteuid() == 0:
    os.setuid(65_534)  # root may write anywhere
anchors = Anchors(Path(sys.argv[1]))
try:
    anchors.add([new("two")], MODEL)
except Unavailable as problem:
    print(problem.status, problem.detail)
print(anchors.count())
"""


def test_in_a_folder_that_cannot_be_written_what_is_there_can_be_read() -> None:
    with tempfile.TemporaryDirectory() as readable:  # pytest's own folders are for their owner only
        folder = Path(readable) / "images"
        anchors = Anchors(folder)
        anchors.add([new("one")], MODEL)
        anchors.close()
        for path in [Path(readable), folder, *folder.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        command = [sys.executable, "-c", READ_ONLY, str(folder)]
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout
        for path in [Path(readable), folder, *folder.rglob("*/")]:
            path.chmod(0o755)
    assert said.startswith("503 nothing was changed")
    assert said.splitlines()[-1] == "1"


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\7" * 5000])
def test_a_file_that_is_no_index_is_refused_with_a_word(folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "anchors.sqlite").write_bytes(content)
    with pytest.raises(AnchorsUnreadable, match=r"anchors\.sqlite cannot be opened .*: put back a copy"):
        Anchors(folder)


def test_a_file_of_another_version_is_refused(folder: Path, anchors: Anchors) -> None:
    anchors.writer.execute("PRAGMA user_version = 7")
    with pytest.raises(AnchorsUnreadable, match="its version is 7, not 1"):
        Anchors(folder)


def test_what_a_killed_process_left_is_swept_up(folder: Path, anchors: Anchors) -> None:
    kept = anchors.add([new("one")], MODEL)[0].anchor
    anchors.files.write([new("two")])
    (folder / "files" / "ab").mkdir()
    (folder / "files" / "ab" / ".abcdef.png.new").write_bytes(b"half")
    again = Anchors(folder)
    assert list(again.files.all()) == [again.file_of(kept)]
    again.close()


def test_an_added_picture_is_found_at_once_and_a_removed_one_no_more(searcher: Searcher) -> None:
    one, two = (answer.anchor for answer in searcher.add([new("one"), new("two")]))
    assert found(searcher, "one", 5) == ["a one", "a two"]
    ((match, cosine),) = searcher.search("words", vectors_of("two")["words"][None], 1)[0]
    assert (match, round(cosine, 6)) == (two, 1)
    np.testing.assert_array_equal(searcher.vector("words", two), vectors_of("two")["words"])
    assert searcher.remove([one.id]) == [one.id]
    assert found(searcher, "one", 5) == ["a two"]
    with pytest.raises(NotFound):
        searcher.vector("words", one)


def test_what_another_process_writes_is_found_by_the_next_search(folder: Path, searcher: Searcher) -> None:
    other = Anchors(folder)  # connections of its own, as another process has
    one = other.add([new("one")], MODEL)[0].anchor
    assert found(searcher, "one") == ["a one"]
    other.rename(one.id, "another name")
    assert found(searcher, "one") == ["another name"]
    other.remove([one.id])
    assert found(searcher, "one") == []
    other.close()


def test_what_has_vectors_of_another_model_is_not_found_until_it_is_renewed(searcher: Searcher) -> None:
    one = searcher.anchors.add([new("one")], OTHER)[0].anchor
    assert found(searcher, "one") == []
    searcher.anchors.renew({one.key: vectors_of("one")}, MODEL)
    assert found(searcher, "one") == ["a one"]


def test_among_some_only_these_are_found(searcher: Searcher) -> None:
    added = searcher.add([new(text) for text in ("one", "two", "three")])
    among = np.array([answer.anchor.key for answer in added[1:]])
    (matches,) = searcher.search("general", vectors_of("one")["general"][None], 3, among)
    assert {anchor.name for anchor, _ in matches} == {"a two", "a three"}


def test_a_picture_that_is_removed_between_search_and_answer_is_left_out(searcher: Searcher) -> None:
    one = searcher.add([new("one"), new("two")])[0].anchor
    search = searcher.stores["general"].search

    def and_removed(*asked: object) -> object:
        answer = search(*asked)  # type: ignore[arg-type]
        searcher.anchors.remove([one.id])
        return answer

    searcher.stores["general"].search = and_removed  # type: ignore[assignment, method-assign]
    assert found(searcher, "one", 2) == ["a two"]


def saved(folder: Path, *texts: str) -> None:
    searcher = next(opened(folder))
    searcher.add([new(text) for text in texts])
    searcher.save()
    searcher.close()


def test_a_snapshot_is_taken_up_and_brought_to_what_was_written_since(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved(folder, "one", "two")
    anchors = Anchors(folder)
    anchors.add([new("three")], MODEL)
    anchors.remove([new("one").picture.id])
    anchors.close()
    searcher = next(opened(folder))
    assert "read from the database" not in caplog.text
    assert sorted(found(searcher, "one", 5)) == ["a three", "a two"]
    searcher.close()


@pytest.mark.parametrize("name", ["general-*/vectors.npy", "general-*/manifest.json", "general-*.json"])
def test_from_a_snapshot_that_is_missing_or_damaged_nothing_is_taken(folder: Path, name: str) -> None:
    saved(folder, "one", "two")
    (path,) = (folder / "derived").glob(name)
    path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    searcher = next(opened(folder))
    assert sorted(found(searcher, "one", 5)) == ["a one", "a two"]
    searcher.close()
    shutil.rmtree(folder / "derived")
    searcher = next(opened(folder))
    assert found(searcher, "two") == ["a two"]
    searcher.close()


def test_a_snapshot_of_a_later_time_than_the_database_is_not_taken_up(folder: Path, tmp_path: Path) -> None:
    """An older copy of the database was put back, and went another way to the same number of changes."""
    saved(folder, "one")
    shutil.copyfile(folder / "anchors.sqlite", tmp_path / "copy")
    saved(folder, "two")
    shutil.copyfile(tmp_path / "copy", folder / "anchors.sqlite")
    anchors = Anchors(folder)
    anchors.add([new("three")], MODEL)
    anchors.close()
    searcher = next(opened(folder))
    assert found(searcher, "two") != ["a two"]
    assert found(searcher, "three") == ["a three"]
    assert searcher.search("general", vectors_of("three")["general"][None], 1)[0][0][1] == pytest.approx(1)
    searcher.close()


def test_a_change_that_the_snapshot_has_and_its_stamp_has_not_is_made_again(folder: Path) -> None:
    saved(folder, "one", "two")
    (stamp,) = (folder / "derived").glob("general-*.json")
    anchors = Anchors(folder)
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"seq": 1, "mark": anchors.mark_of(1)}))
    anchors.close()
    searcher = next(opened(folder))
    assert sorted(found(searcher, "one", 5)) == ["a one", "a two"]
    searcher.close()


def test_large_stores_are_saved_when_the_database_was_read_for_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.images.anchors.searcher.BLOCK", 100)
    monkeypatch.setattr(Growing.__init__, "__defaults__", (None, 150))
    anchors = Anchors(folder)
    anchors.add([new(f"picture {number}") for number in range(200)], MODEL)
    anchors.close()
    for number in range(3):
        searcher = next(opened(folder))
        assert all(store.is_large and store.count() == 200 for store in searcher.stores.values())
        assert searcher.saved == {"general": 200, "words": 200}
        assert found(searcher, "picture 7") == ["a picture 7"]
        searcher.close()
        if number == 1:
            shutil.rmtree(folder / "derived")


def test_snapshots_of_another_model_are_dropped(folder: Path) -> None:
    saved(folder, "one")
    anchors = Anchors(folder)
    searcher = Searcher(anchors, SPACES, OTHER)
    assert not list((folder / "derived").glob(f"[!.]*{MODEL[:16]}*"))
    assert searcher.search("general", vectors_of("one")["general"][None], 1) == [[]]
    searcher.close()


def test_searching_adding_and_removing_at_once_never_fails(searcher: Searcher) -> None:
    texts = [f"picture {number}" for number in range(60)]

    def use(text: str) -> None:
        searcher.add([new(text)])
        searcher.remove([new(text).picture.id])
        for anchor, cosine in searcher.search("general", vectors_of(text)["general"][None], 5)[0]:
            assert anchor.name.startswith("a picture")
            assert -1.0001 <= cosine <= 1.0001

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(use, texts))
    assert searcher.anchors.count() == searcher.stores["general"].count() == 0
    assert list(searcher.anchors.files.all()) == []


def test_a_database_that_was_taken_away_is_missed(folder: Path, anchors: Anchors) -> None:
    (folder / "anchors.sqlite").unlink()
    with pytest.raises(Unavailable, match="nothing was changed"):
        anchors.add([new("one")], MODEL)


def test_vectors_without_a_picture_cannot_be(anchors: Anchors) -> None:
    """A picture whose vectors are of the wrong kind leaves nothing behind."""
    wrong = replace(new("one"), vectors={"general": "no vector"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="could not convert"):
        anchors.add([new("two"), wrong], MODEL)
    assert (anchors.count(), list(anchors.files.all())) == (0, [])


def test_damage_in_the_middle_of_a_large_database_is_found_when_asked_for(
    folder: Path, anchors: Anchors, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchors.add([new(f"picture {number}") for number in range(200)], MODEL)
    anchors.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    anchors.close()
    raw = (folder / "anchors.sqlite").read_bytes()
    (folder / "anchors.sqlite").write_bytes(raw[:20_000] + bytes(8192) + raw[28_192:])
    with pytest.raises(AnchorsUnreadable, match="cannot be opened"):
        Anchors(folder)
    monkeypatch.setattr("shared.database.CHECKED", 1000)
    large = Anchors(folder)
    with pytest.raises(AnchorsUnreadable, match="is damaged"):
        large.refuse_damage()
    large.close()
