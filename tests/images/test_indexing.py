"""Folders into the index: each picture once, broken ones named, interrupted and gone on with; and the index checked."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from services.images.anchors import Anchors, Searcher
from services.images.features import decode
from services.images.indexing import Outcome, add_folder, ahead, faults
from services.images.stores import Vectors
from shared.commands import CannotDo
from tests.images.pictures import encoded

WIDTHS = {"general": 12, "words": 1}


class Colours:
    """Embeds a picture as the colours of its quarters; reading may be interrupted."""

    sha256, together = "c" * 64, 4

    def __init__(self, interrupted_after: int | None = None) -> None:
        self.left = interrupted_after

    def read(self, raw: bytes) -> Tensor:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left = self.left and self.left - 1
        return torch.from_numpy(np.asarray(decode(raw, 10_000).resize((2, 2)), np.float32)).flatten() + 1

    def run(self, pictures: Sequence[Tensor]) -> list[Vectors]:
        return [(picture / picture.norm()).numpy() for picture in pictures]

    def named(self, seen: Sequence[Vectors], names: Sequence[str]) -> list[Mapping[str, Vectors]]:
        return [{"general": vector, "words": np.ones(1, np.float32)} for vector in seen]


def file_of(seed: int, kind: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    return encoded(Image.fromarray(pixels), kind)


def fill(folder: Path, *files: tuple[str, bytes]) -> Path:
    for name, raw in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)
    return folder


@pytest.fixture
def anchors(tmp_path: Path) -> Iterator[Anchors]:
    anchors = Anchors(tmp_path / "state")
    yield anchors
    anchors.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "pictures", *[(f"red_apple-{seed}.png", file_of(seed)) for seed in range(11)])


def add(anchors: Anchors, folder: Path, embedder: Colours | None = None) -> Outcome:
    return add_folder(anchors, embedder or Colours(), folder, 10_000, 2)


def test_every_picture_of_a_folder_is_added_with_its_file_its_name_and_what_it_looks_like(
    anchors: Anchors, folder: Path
) -> None:
    outcome = add(anchors, folder)
    assert (outcome.added, outcome.known, outcome.problems) == (11, 0, [])
    (anchor,) = anchors.find("apple-3")[0]
    assert (anchor.name, anchor.width, anchor.height, anchor.media) == ("red apple 3", 7, 6, "image/png")
    assert anchors.bytes_of(anchor) == file_of(3)
    searcher = Searcher(Anchors(anchors.folder), WIDTHS, Colours.sha256)
    query = anchors.vectors(np.array([anchor.key]), Colours.sha256)["general"][1]
    assert searcher.search("general", query, 1)[0][0][0] == anchor
    searcher.close()


def test_what_is_there_is_skipped_by_what_is_in_it_whatever_it_is_called(anchors: Anchors, folder: Path) -> None:
    add(anchors, folder)
    fill(folder, ("again.png", file_of(3)), ("new.png", file_of(50)), ("twice.png", file_of(50)))
    outcome = add(anchors, folder)
    assert (outcome.added, outcome.known, anchors.count()) == (1, 13, 12)


def test_broken_files_are_named_and_the_others_added(anchors: Anchors, folder: Path) -> None:
    fill(folder, ("cut.png", file_of(20)[:60]), ("notes.txt", b"apples"), ("deep/empty.png", b""))
    outcome = add(anchors, folder)
    assert outcome.added == 11
    assert sorted(problem.split(":")[0] for problem in outcome.problems) == ["cut.png", "deep/empty.png", "notes.txt"]
    assert outcome.summary().startswith("11 added, 0 there already, 3 left out:\n")


def test_a_wrong_ending_does_not_matter(anchors: Anchors, tmp_path: Path) -> None:
    add(anchors, fill(tmp_path / "pictures", ("a.png", file_of(1, "BMP"))))
    ((anchor,), _) = anchors.find()
    assert (anchor.media, anchor.stored_as[-4:], anchor.file) == ("image/bmp", ".bmp", "a.png")


def test_of_pairs_the_anchors_are_added_and_of_classes_the_folder_is_the_name(anchors: Anchors, tmp_path: Path) -> None:
    pairs = fill(tmp_path / "pairs", ("anchor/1.png", file_of(1)), ("positive/1.png", file_of(2)))
    (pairs / "names.json").write_text('{"1.png": "green pear"}')
    classes = fill(tmp_path / "classes", ("fruit/Red-Apple/1.png", file_of(3)), ("plum.png", file_of(4)))
    for folder in (pairs, classes):
        add(anchors, folder)
    assert sorted(anchor.name for anchor in anchors.find()[0]) == ["green pear", "plum", "red apple"]


def test_names_are_made_from_what_is_told(anchors: Anchors, tmp_path: Path) -> None:
    classes = fill(tmp_path / "classes", ("apple/one.png", file_of(3)))
    add_folder(anchors, Colours(), classes, 10_000, 1, "file")
    assert [anchor.name for anchor in anchors.find()[0]] == ["one"]


def test_what_was_added_before_an_interruption_stays_and_the_rest_is_added_next_time(
    anchors: Anchors, folder: Path
) -> None:
    outcome = Outcome()
    with pytest.raises(KeyboardInterrupt):
        add_folder(anchors, Colours(interrupted_after=6), folder, 10_000, 1, None, outcome)
    assert outcome.added == anchors.count() == 4  # the one batch that was whole
    assert (add(anchors, folder).added, anchors.count()) == (7, 11)


def test_a_folder_that_is_not_there_is_said(anchors: Anchors, tmp_path: Path) -> None:
    with pytest.raises(CannotDo, match=r"no folder .*nowhere"):
        add(anchors, tmp_path / "nowhere")


def test_no_more_is_begun_than_two_items_a_worker_ahead_of_who_takes_them() -> None:
    begun: list[int] = []
    results = ahead(lambda item: begun.append(item) or item, iter(range(100)), 3)  # type: ignore[func-returns-value]
    assert [next(results) for _ in range(10)] == list(range(10))
    assert len(begun) <= 10 + 6
    results.close()  # type: ignore[attr-defined]


def test_a_whole_index_has_no_faults(anchors: Anchors, folder: Path) -> None:
    add(anchors, folder)
    assert list(faults(anchors, Colours.sha256)) == []


def test_files_that_are_missing_or_changed_and_vectors_that_are_missing_are_faults(
    anchors: Anchors, folder: Path
) -> None:
    add(anchors, folder)
    one, two, three, *_ = anchors.find()[0]
    anchors.file_of(one).unlink()
    anchors.file_of(two).write_bytes(b"something else")
    anchors.writer.execute("DELETE FROM vectors WHERE key = ? AND space = 'words'", [three.key])
    found = list(faults(anchors, Colours.sha256))
    assert [line.split(" ")[0] for line in found] == [one.id, two.id, three.id]
    assert ["missing" in found[0], "not what was added" in found[1], "no vector in words" in found[2]] == [True] * 3


def test_adding_a_picture_again_puts_back_its_file(anchors: Anchors, folder: Path) -> None:
    add(anchors, folder)
    one = anchors.find()[0][0]
    anchors.file_of(one).unlink()
    outcome = add(anchors, folder)
    assert (outcome.added, outcome.known) == (0, 11)
    assert list(faults(anchors, Colours.sha256)) == []


def test_a_service_finds_what_the_command_adds_while_it_adds(anchors: Anchors, folder: Path) -> None:
    searcher = Searcher(Anchors(anchors.folder), WIDTHS, Colours.sha256)
    adding = Thread(target=add, args=(anchors, folder))
    adding.start()
    query = np.ones((1, 12), np.float32) / np.sqrt(12, dtype=np.float32)
    sizes = [len(searcher.search("general", query, 20)[0])]
    while adding.is_alive():
        sizes.append(len(searcher.search("general", query, 20)[0]))
    adding.join()
    assert sizes == sorted(sizes)
    assert len(searcher.search("general", query, 20)[0]) == 11
    searcher.close()
