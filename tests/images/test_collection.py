"""Folders of pictures: three kinds of them, and everything that is left out is named."""

import os
from pathlib import Path

import pytest
from PIL import Image

from services.images.collection import Collection, opened, prepared, read_collection, said
from shared.commands import CannotDo
from tests.images.pictures import encoded

LIMIT = 25_000_000


def put(folder: Path, *names: str) -> None:
    """A picture of its own under each name, whatever the name ends in."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        count = sum(1 for _ in folder.rglob("*"))
        path.write_bytes(encoded(Image.new("RGB", (4, 3), (count, 40, 40)), "PNG"))


def paths(collection: Collection) -> list[str]:
    return [picture.path.relative_to(collection.folder).as_posix() for picture in collection.pictures]


def test_equal_names_in_anchor_and_positive_are_pairs(tmp_path: Path) -> None:
    put(tmp_path, "anchor/tree.png", "anchor/ship.png", "positive/ship.jpeg", "positive/tree.png")
    found = read_collection(tmp_path)
    assert (found.kind, found.identities, found.problems) == ("pairs", ["ship", "tree"], [])
    assert paths(found) == ["anchor/ship.png", "anchor/tree.png", "positive/ship.jpeg", "positive/tree.png"]
    assert [(p.identity, p.role) for p in found.pictures] == [
        (0, "anchor"),
        (1, "anchor"),
        (0, "positive"),
        (1, "positive"),
    ]


def test_who_has_no_partner_is_named_and_left_out(tmp_path: Path) -> None:
    put(tmp_path, "anchor/a.png", "positive/a.png", "anchor/b.png", "positive/c.png", "anchor/a.jpg", "d.png")
    found = read_collection(tmp_path)
    assert found.identities == ["a"]
    assert found.problems == [
        "anchor/a.png: a.jpg has the same name up to its ending",
        "d.png: beside anchor/ and positive/",
        "anchor/b.png: no picture named b in positive/",
        "positive/c.png: no picture named c in anchor/",
    ]


def test_the_deepest_folder_is_the_class(tmp_path: Path) -> None:
    put(tmp_path, "fruit/Red-Apple/1.png", "fruit/Red-Apple/2.png", "milk/1.png", "milk/2.png")
    found = read_collection(tmp_path)
    assert (found.kind, found.identities, found.problems) == ("classes", ["fruit/Red-Apple", "milk"], [])
    assert [(p.name, p.identity, p.role) for p in found.pictures[1:3]] == [("red apple", 0, "any"), ("milk", 1, "any")]


def test_lonely_and_empty_classes_are_named(tmp_path: Path) -> None:
    put(tmp_path, "one/1.png", "two/1.png", "two/2.png", "3.png", "empty/.hidden")
    found = read_collection(tmp_path)
    assert found.identities == ["one", "two"]
    assert found.problems == [
        "3.png: beside the folders of classes",
        "one: a class of one picture, which has none to be compared with",
        "empty: an empty class",
    ]


def test_pictures_alone_are_each_an_identity(tmp_path: Path) -> None:
    put(tmp_path, "b.png", "a.png")
    found = read_collection(tmp_path)
    assert (found.kind, found.identities) == ("unlabelled", ["a.png", "b.png"])
    assert [p.identity for p in found.pictures] == [0, 1]


def test_labels_can_be_set_aside(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.png", "dog/1.png")
    assert read_collection(tmp_path, "unlabelled").identities == ["cat/1.png", "dog/1.png"]


def test_content_decides_and_not_the_names_ending(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "b.txt", "c")
    (tmp_path / "d.png").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "e.png").touch()
    found = read_collection(tmp_path)
    assert paths(found) == ["a.jpg", "b.txt", "c"]
    assert sorted(found.problems) == ["d.png: an SVG, which is a drawing: render it to PNG", "e.png: empty"]


def test_hidden_files_are_not_even_named(tmp_path: Path) -> None:
    put(tmp_path, "a.png", ".b.png", "__MACOSX/a.png", ".git/c.png", "Thumbs.db")
    found = read_collection(tmp_path)
    assert (paths(found), found.problems, found.kind) == (["a.png"], [], "unlabelled")


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "inside/a.png", "outside/b.png")
    (tmp_path / "inside/in.png").symlink_to("a.png")
    (tmp_path / "inside/out.png").symlink_to(tmp_path / "outside/b.png")
    (tmp_path / "inside/round").symlink_to(tmp_path / "inside")
    (tmp_path / "inside/nowhere.png").symlink_to("nothing.png")
    os.mkfifo(tmp_path / "inside/pipe.png")
    found = read_collection(tmp_path / "inside")
    assert paths(found) == ["a.png", "in.png"]
    assert sorted(found.problems) == [
        "nowhere.png: not a file",
        "out.png: a link out of the folder is not followed",
        "pipe.png: not a file",
        "round: a link to a folder is not followed",
    ]


@pytest.mark.parametrize(
    ("there", "said_so"),
    [
        ([], "it is empty; expected are pairs"),
        (["notes.txt"], r"notes.txt: not a picture that we read: it begins with b'Dear all'"),
    ],
)
def test_a_folder_without_pictures_says_what_it_has_and_what_is_expected(
    tmp_path: Path, there: list[str], said_so: str
) -> None:
    for name in there:
        (tmp_path / name).write_text("Dear all,")
    with pytest.raises(CannotDo, match=said_so):
        read_collection(tmp_path)
    with pytest.raises(CannotDo, match="no folder"):
        read_collection(tmp_path / "missing")


def test_pairs_that_do_not_match_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "anchor/a.png", "positive/b.png")
    with pytest.raises(CannotDo, match=r"has no pairs: it has\nanchor/a.png: no picture named a in positive/"):
        read_collection(tmp_path)


def test_broken_files_and_the_same_file_twice_are_found_when_opened(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png", "c.png")
    (tmp_path / "copy.png").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:30])
    found = read_collection(tmp_path)
    assert [(picture.path.name, image.size) for picture, image in opened(found, LIMIT)] == [
        ("a.png", (4, 3)),
        ("c.png", (4, 3)),
    ]
    assert found.problems[0].startswith("b.png: the PNG file")
    assert found.problems[1] == "copy.png: the same file as a.png"


def test_an_anchor_may_be_its_own_positive(tmp_path: Path) -> None:
    put(tmp_path, "anchor/a.png")
    (tmp_path / "positive").mkdir()
    (tmp_path / "positive/a.png").write_bytes((tmp_path / "anchor/a.png").read_bytes())
    assert len(list(opened(read_collection(tmp_path), LIMIT))) == 2


def test_a_file_that_goes_away_meanwhile_is_named(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")
    found = read_collection(tmp_path)
    (tmp_path / "b.png").unlink()
    assert len(list(opened(found, LIMIT))) == 1
    assert found.problems == ["b.png: cannot be read (No such file or directory)"]


def test_twenty_problems_are_written_out_and_the_others_counted() -> None:
    lines = said([str(number) for number in range(1020)]).splitlines()
    assert lines[:2] + lines[-2:] == ["0", "1", "19", "... and 1,000 more"]


def test_prepared_data_says_what_its_pictures_show(tmp_path: Path) -> None:
    put(tmp_path, "anchor/1F34E.png", "positive/1F34E.png")
    (tmp_path / "names.json").write_text('{"1F34E.png": "red apple"}')
    assert [picture.name for picture in prepared(tmp_path).pictures] == ["red apple", "red apple"]
    assert prepared(tmp_path).problems == []


def test_prepared_classes_lie_in_a_folder_of_that_name(tmp_path: Path) -> None:
    put(tmp_path, "classes/cat/1.png", "classes/cat/2.png")
    assert (prepared(tmp_path).kind, prepared(tmp_path).identities) == ("classes", ["cat"])
