"""What is asked and which answers are right: classes nobody trained on, folders without labels, a table of pairs."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.images.collection import Collection, read_collection, said
from services.images.features import content_id
from services.images.metrics import Rows
from shared.commands import CannotDo

HEADER = ["query", "anchor"]
NOT_THERE = -1  # the row of a query that is not in the gallery


@dataclass(frozen=True)
class Task:
    """Pictures to search with, pictures to search among, and for each query the rows of those it should find."""

    queries: list[Path]
    gallery: list[Path]
    right: list[Rows]
    itself: Rows  # (Q,), the query's own row, where it is in the gallery too; else NOT_THERE


def half_of(identities: Sequence[str], seed: int) -> set[str]:
    """The half that may be trained on, by a seeded draw; of an odd number the smaller half."""
    order = np.random.default_rng(seed).permutation(len(identities))
    return {identities[row] for row in order[: len(identities) // 2]}


def part_of(collection: Collection, identities: set[str]) -> Collection:
    """Only the pictures of some identities, numbered anew; all that a training on them may see."""
    kept = [label for label in collection.identities if label in identities]
    rows = {collection.identities.index(label): row for row, label in enumerate(kept)}
    pictures = [p._replace(identity=rows[p.identity]) for p in collection.pictures if p.identity in rows]
    return replace(collection, pictures=pictures, identities=kept, problems=[])


def without_labels(collection: Collection) -> Collection:
    """The same pictures, each for itself."""
    pictures = [p._replace(identity=row, role="any") for row, p in enumerate(collection.pictures)]
    names = [p.path.relative_to(collection.folder).as_posix() for p in pictures]
    return replace(collection, kind="unlabelled", pictures=pictures, identities=names, problems=[])


def task_of(collection: Collection, asked: set[str]) -> Task:
    """Searches among all pictures for the identities `asked`: positives should find their anchor, pictures of a class
    the others of it.
    """
    if collection.kind == "pairs":
        return pair_task(collection, asked)
    queries = [p for p in collection.pictures if collection.identities[p.identity] in asked]
    return class_task(collection, replace(collection, pictures=queries))


def pair_task(collection: Collection, asked: set[str]) -> Task:
    anchors = [p for p in collection.pictures if p.role == "anchor"]
    positives = [p for p in collection.pictures if p.role == "positive"]
    positives = [p for p in positives if collection.identities[p.identity] in asked]
    row = {p.identity: number for number, p in enumerate(anchors)}
    right = [np.array([row[p.identity]]) for p in positives]
    return Task([p.path for p in positives], [p.path for p in anchors], right, np.full(len(positives), NOT_THERE))


def among(task: Task, wanted: set[Path]) -> NDArray[np.bool_]:
    """Which rows of the gallery are these files."""
    return np.array([file in wanted for file in task.gallery])


def class_task(gallery: Collection, queries: Collection) -> Task:
    """Each query should find the pictures of its class; where it is one of them, the others."""
    rows = rows_by_class(gallery)
    row_of = {picture.path: row for row, picture in enumerate(gallery.pictures)}
    known = [p for p in queries.pictures if queries.identities[p.identity] in rows]
    if not known:
        raise CannotDo(
            f"no class of {queries.folder} is in {gallery.folder}: {few(queries)} there, {few(gallery)} here"
        )
    itself = np.array([row_of.get(p.path, NOT_THERE) for p in known])
    labels = [queries.identities[p.identity] for p in known]
    right = [rows[label][rows[label] != row] for label, row in zip(labels, itself, strict=True)]
    answered = [place for place, of_class in enumerate(right) if len(of_class)]
    if not answered:
        raise CannotDo(f"no class of {queries.folder} has two pictures: there is nothing to find")
    return Task(
        [known[place].path for place in answered],
        [p.path for p in gallery.pictures],
        [right[place] for place in answered],
        itself[answered],
    )


def rows_by_class(collection: Collection) -> dict[str, Rows]:
    rows = defaultdict(list)
    for row, picture in enumerate(collection.pictures):
        rows[collection.identities[picture.identity]].append(row)
    return {label: np.array(of_class) for label, of_class in rows.items()}


def few(collection: Collection) -> str:
    return ", ".join(collection.identities[:3])


def table_task(anchors: Path, queries: Path, truth: Path) -> tuple[Task, list[str]]:
    """By a table of pairs: a row a right answer, several rows a query; and what of it could not be used."""
    gallery, asked = (read_collection(folder, "unlabelled") for folder in (anchors, queries))
    problems = [*gallery.problems, *asked.problems]
    rows, files = by_name(gallery)
    query_rows, query_files = by_name(asked)
    right: dict[int, set[int]] = defaultdict(set)
    for line, query, anchor in pairs_in(truth):
        unknown = [f"no picture {query} in {queries}"] if query not in query_rows else []
        unknown += [f"no picture {anchor} in {anchors}"] if anchor not in rows else []
        problems += [f"{truth.name}, line {line}: {what}" for what in unknown]
        if not unknown:
            right[query_rows[query]].add(rows[anchor])
    if not right:
        raise CannotDo(f"no row of {truth} names a picture of {queries} and one of {anchors}\n{said(problems)}")
    if left := len(query_files) - len(right):
        problems.append(f"{left} of {len(query_files)} pictures of {queries} are not asked for in {truth.name}")
    wanted = [np.array(sorted(found)) for found in right.values()]
    return Task([query_files[row] for row in right], files, wanted, np.full(len(right), NOT_THERE)), problems


def by_name(collection: Collection) -> tuple[dict[str, int], list[Path]]:
    """The row of each file name, and the files; the same file under two names is one row.

    Names are relative to the folder; without its folders a name will do where no other file has it.
    """
    rows: dict[str, int] = {}
    short: dict[str, set[int]] = defaultdict(set)
    first: dict[str, int] = {}
    files: list[Path] = []
    for picture in collection.pictures:
        row = first.setdefault(content_id(picture.path.read_bytes()), len(files))
        files += [picture.path] if row == len(files) else []
        rows[picture.path.relative_to(collection.folder).as_posix()] = row
        short[picture.path.name].add(row)
    return {name: min(found) for name, found in short.items() if len(found) == 1} | rows, files


def pairs_in(truth: Path) -> list[tuple[int, str, str]]:
    """Each row of a table: its line, the query and the anchor."""
    if not truth.is_file():
        raise CannotDo(f"no file {truth}: a table with the columns query,anchor is wanted, a row a right answer")
    try:
        head, *lines = list(csv.reader(truth.read_text(encoding="utf-8-sig").splitlines())) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CannotDo(f"{truth} is not a table in UTF-8: {error}") from error
    if [cell.strip().lower() for cell in head] != HEADER:
        raise CannotDo(f"{truth} begins with {','.join(head) or 'nothing'}: query,anchor is wanted")
    rows = [(number, line) for number, line in enumerate(lines, start=2) if line]
    for number, line in rows:
        if len(line) != len(HEADER):
            raise CannotDo(f"{truth}, line {number}: {len(line)} columns; query,anchor are two")
    return [(number, plain(query), plain(anchor)) for number, (query, anchor) in rows]


def plain(name: str) -> str:
    return name.strip().replace("\\", "/").removeprefix("./")
