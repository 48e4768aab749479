"""Splits nobody trained on, and tables of right answers, with everything named that cannot be used."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.images.collection import read_collection
from services.images.outcomes import readable
from services.images.protocols import (
    Task,
    among,
    class_task,
    half_of,
    part_of,
    table_task,
    task_of,
    without_labels,
)
from shared.commands import CannotDo
from tests.images.pictures import encoded


def put(folder: Path, *names: str) -> Path:
    """A picture of its own under each name."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(Image.new("RGB", (4, 3), (number, len(name), 0)), "PNG"))
    return folder


def lists(task: Task) -> list[list[int]]:
    return [rows.tolist() for rows in task.right]


def test_half_of_the_identities_is_drawn_by_the_seed() -> None:
    labels = [str(number) for number in range(81)]
    assert len(half_of(labels, 0)) == 40
    assert half_of(labels, 0) == half_of(labels, 0) != half_of(labels, 1)


def test_a_part_has_only_its_own_pictures_numbered_anew(tmp_path: Path) -> None:
    whole = read_collection(put(tmp_path, "a/1.png", "b/1.png", "b/2.png", "c/1.png"))
    part = part_of(whole, {"b", "c"})
    assert part.identities == ["b", "c"]
    assert [(p.path.parent.name, p.identity) for p in part.pictures] == [("b", 0), ("b", 0), ("c", 1)]


def test_without_labels_every_picture_is_for_itself(tmp_path: Path) -> None:
    alone = without_labels(read_collection(put(tmp_path, "a/1.png", "b/1.png", "b/2.png")))
    assert (alone.kind, alone.identities) == ("unlabelled", ["a/1.png", "b/1.png", "b/2.png"])
    assert [(p.identity, p.role) for p in alone.pictures] == [(0, "any"), (1, "any"), (2, "any")]


def test_a_positive_should_find_its_anchor(tmp_path: Path) -> None:
    names = [f"{side}/{stem}.png" for side in ("anchor", "positive") for stem in "abc"]
    task = task_of(read_collection(put(tmp_path, *names)), {"c", "b"})
    assert [file.parent.name for file in task.queries] == ["positive", "positive"]
    assert lists(task) == [[1], [2]]
    assert len(task.gallery) == 3
    assert task.itself.tolist() == [-1, -1]
    assert among(task, {task.gallery[2]}).tolist() == [False, False, True]


def test_a_query_should_find_all_of_its_class(tmp_path: Path) -> None:
    gallery = read_collection(put(tmp_path / "train", "a/1.png", "b/1.png", "b/2.png", "c/1.png"))
    queries = read_collection(put(tmp_path / "test", "b/9.png", "c/9.png", "d/9.png"))
    task = class_task(gallery, queries)
    assert [file.parent.name for file in task.queries] == ["b", "c"]  # nobody knows d
    assert lists(task) == [[1, 2], [3]]


def test_a_picture_of_a_class_should_find_the_others_of_it(tmp_path: Path) -> None:
    task = task_of(read_collection(put(tmp_path, "a/1.png", "b/1.png", "b/2.png", "b/3.png", "c/1.png")), {"a", "b"})
    assert lists(task) == [[2, 3], [1, 3], [1, 2]]
    assert task.itself.tolist() == [1, 2, 3]
    assert len(task.gallery) == 5


def test_classes_that_share_no_name_are_refused(tmp_path: Path) -> None:
    gallery = read_collection(put(tmp_path / "train", "a/1.png"))
    queries = read_collection(put(tmp_path / "test", "A/1.png"))
    with pytest.raises(CannotDo, match=r"no class of .*test is in .*train: A there, a here"):
        class_task(gallery, queries)
    with pytest.raises(CannotDo, match=r"no class of .* has two pictures"):
        class_task(gallery, gallery)


def table(folder: Path, *rows: str) -> Path:
    (folder / "pairs.csv").write_text("\n".join(rows))
    return folder / "pairs.csv"


def test_a_table_may_have_several_anchors_a_query(tmp_path: Path) -> None:
    anchors, queries = put(tmp_path / "a", "1.png", "deep/2.png"), put(tmp_path / "q", "x.png", "y.png", "z.png")
    truth = table(tmp_path, "query,anchor", "y.png,1.png", "x.png,deep/2.png", "y.png, deep\\2.png", "")
    task, problems = table_task(anchors, queries, truth)
    assert [file.name for file in task.queries] == ["y.png", "x.png"]
    assert lists(task) == [[0, 1], [1]]
    assert problems == [f"1 of 3 pictures of {queries} are not asked for in pairs.csv"]


def test_the_same_anchor_under_two_names_is_one(tmp_path: Path) -> None:
    anchors, queries = put(tmp_path / "a", "1.png", "2.png"), put(tmp_path / "q", "x.png")
    (anchors / "copy.png").write_bytes((anchors / "2.png").read_bytes())
    task, _ = table_task(anchors, queries, table(tmp_path, "query,anchor", "x.png,copy.png"))
    assert (len(task.gallery), lists(task)) == (2, [[1]])


def test_a_name_without_its_folders_will_do_where_it_is_the_only_one(tmp_path: Path) -> None:
    anchors, queries = put(tmp_path / "a", "b/1.png", "b/2.png", "c/2.png"), put(tmp_path / "q", "x.png")
    task, problems = table_task(anchors, queries, table(tmp_path, "query,anchor", "x.png,1.png", "x.png,2.png"))
    assert lists(task) == [[0]]
    assert problems == [f"pairs.csv, line 3: no picture 2.png in {anchors}"]


def test_unknown_names_of_a_table_are_named_by_their_line(tmp_path: Path) -> None:
    anchors, queries = put(tmp_path / "a", "1.png"), put(tmp_path / "q", "x.png")
    truth = table(tmp_path, "query,anchor", "x.png,1.png", "", "x.png,9.png", "nobody.png,1.png")
    _, problems = table_task(anchors, queries, truth)
    assert problems == [
        f"pairs.csv, line 4: no picture 9.png in {anchors}",
        f"pairs.csv, line 5: no picture nobody.png in {queries}",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "begins with nothing: query,anchor is wanted"),
        ("left,right\nx.png,1.png", "begins with left,right: query,anchor is wanted"),
        ("query,anchor\nx.png", "line 2: 1 columns"),
        ("query,anchor\nx.png,1.png,yes", "line 2: 3 columns"),
        ("query,anchor\n9.png,9.png", "no row of .* names a picture"),
        ("query,anchor\n", "no row of .* names a picture"),
    ],
)
def test_tables_that_cannot_be_read_say_why(tmp_path: Path, text: str, words: str) -> None:
    anchors, queries = put(tmp_path / "a", "1.png"), put(tmp_path / "q", "x.png")
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(CannotDo, match=words):
        table_task(anchors, queries, tmp_path / "pairs.csv")
    with pytest.raises(CannotDo, match=r"no file .*a row a right answer"):
        table_task(anchors, queries, tmp_path / "nothing.csv")


def test_pictures_that_cannot_be_read_leave_the_task_and_take_their_queries_along() -> None:
    files = [Path(name) for name in "abcd"]
    task = Task(files[:3], files, [np.array([0, 1]), np.array([1]), np.array([3])], np.array([-1, -1, 2]))
    left, kept = readable(task, np.array([True, True, True]), np.array([True, False, True, True]))
    assert [file.name for file in left.gallery] == ["a", "c", "d"]
    assert [file.name for file in left.queries] == ["a", "c"]  # all that b should find could not be read
    assert lists(left) == [[0], [2]]
    assert left.itself.tolist() == [-1, 1]
    assert kept.tolist() == [True, False, True]


def test_a_query_that_cannot_be_read_is_left_out() -> None:
    files = [Path(name) for name in "ab"]
    task = Task(files, files, [np.array([1]), np.array([0])], itself=np.array([0, 1]))
    left, kept = readable(task, np.array([False, True]), np.array([True, True]))
    assert (left.queries, lists(left)) == ([Path("b")], [[0]])
    assert left.itself.tolist() == [1]
    assert kept.tolist() == [True]
