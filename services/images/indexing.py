"""Folders of pictures into the index, on all cores and in bounded memory; and the index looked over."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from torch import Tensor
from tqdm import tqdm

from services.images.anchors import Anchor, Anchors, New, picture_of
from services.images.collection import NAMES, kind_of, picture_paths, read_names, reason_of, said, words_of
from services.images.features import content_id, decode, format_of
from services.images.stores import Vectors
from shared.artifacts import sha256_of
from shared.commands import CannotDo
from shared.device import limit_threads
from shared.problems import Problem

NameFrom = Literal["file", "folder"]
Item = TypeVar("Item")
Result = TypeVar("Result")


class Embeds(Protocol):
    """What is asked of an embedder here, by several threads at once."""

    sha256: str

    @property
    def together(self) -> int: ...

    def read(self, raw: bytes) -> Tensor: ...

    def run(self, pictures: Sequence[Tensor]) -> Sequence[Any]: ...

    def named(self, seen: Sequence[Any], names: Sequence[str]) -> Sequence[Mapping[Any, Vectors]]: ...


@dataclass
class Outcome:
    """What became of some files."""

    new: list[New] = field(default_factory=list)
    added: int = 0
    known: int = 0  # there already, or twice among these
    problems: list[str] = field(default_factory=list)  # which were left out and why

    def summary(self) -> str:
        counts = f"{self.added:,} added, {self.known:,} there already, {len(self.problems):,} left out"
        return f"{counts}:\n{said(self.problems)}" if self.problems else counts


def add_folder(
    anchors: Anchors,
    embedder: Embeds,
    folder: Path,
    max_pixels: int,
    workers: int,
    name_from: NameFrom | None = None,
    outcome: Outcome | None = None,
) -> Outcome:
    """Adds every picture of a folder, of pairs the anchors; what is there already is skipped by what is in it.

    `outcome` is kept up to date, so that who interrupts this knows how far it came: what was added stays.
    """
    outcome = outcome or Outcome()
    names = named_files(folder, outcome.problems, name_from)
    batches = [
        list(names.items())[start : start + embedder.together] for start in range(0, len(names), embedder.together)
    ]
    work = partial(read_and_embed, anchors, embedder, folder, max_pixels)
    with tqdm(total=len(names), desc="adding", unit=" pictures") as bar:
        for done in ahead(work, batches, workers):
            several = anchors.add(done.new, embedder.sha256) if done.new else []
            outcome.added += sum(not one.known for one in several)
            outcome.known += done.known + sum(one.known for one in several)
            outcome.problems += done.problems
            bar.update(len(done.new) + done.known + len(done.problems))
    return outcome


def named_files(folder: Path, problems: list[str], name_from: NameFrom | None) -> dict[Path, str]:
    """What each picture shows, in words: of classes their folder, of others their file, unless it is told."""
    if not folder.is_dir():
        raise CannotDo(f"no folder {folder}")
    files = sorted(picture_paths(folder, problems))
    kind, words = kind_of(folder, files), read_names(folder / NAMES)
    if kind == "pairs":
        files = [path for path in files if path.parent == folder / "anchor"]
    by_folder = name_from == "folder" or (name_from is None and kind == "classes")
    return {path: words.get(path.name) or words_of(called(path, folder, by_folder)) for path in files}


def called(path: Path, folder: Path, by_folder: bool) -> str:
    return path.parent.name if by_folder and path.parent != folder else path.stem


def read_and_embed(
    anchors: Anchors, embedder: Embeds, folder: Path, max_pixels: int, files: Sequence[tuple[Path, str]]
) -> Outcome:
    """By one thread from file to vectors, so that no more is decoded than there are threads."""
    outcome, pictures, prepared = Outcome(), [], []
    for path, name in files:
        try:
            raw = path.read_bytes()
            if anchors.known([content_id(raw)], embedder.sha256):
                outcome.known += 1
                continue
            image, pixels = decode(raw, max_pixels), embedder.read(raw)
        except (Problem, OSError) as error:
            outcome.problems.append(f"{path.relative_to(folder)}: {reason_of(error)}")
            continue
        media = f"image/{str(format_of(raw)).lower()}"
        pictures.append((raw, picture_of(raw, image, path.name, name, media)))
        prepared.append(pixels)
    if prepared:
        vectors = embedder.named(embedder.run(prepared), [picture.name for _, picture in pictures])
        outcome.new = [New(raw, picture, own) for (raw, picture), own in zip(pictures, vectors, strict=True)]
    return outcome


def ahead(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """In order, by so many threads, which are at most one item each ahead of who takes the results."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, initializer=limit_threads, initargs=(1,)) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def faults(anchors: Anchors, model: str) -> Iterator[str]:
    """What is wrong with any picture of the index, a line each."""
    spaces = list(anchors.widths(model))
    with tqdm(total=anchors.count(), desc="checking", unit=" pictures") as bar:
        for some in anchors.each():
            found = anchors.vectors(np.array([anchor.key for anchor in some]), model)
            keys = {space: set(found[space][0].tolist()) if space in found else set() for space in spaces}
            stale = {anchor.key for anchor in some} - set().union(*keys.values())
            for anchor in some:
                lacking = [] if anchor.key in stale else [space for space in spaces if anchor.key not in keys[space]]
                yield from (f"{anchor.id} ({anchor.file}): {fault}" for fault in faults_of(anchors, anchor, lacking))
            bar.update(len(some))


def faults_of(anchors: Anchors, anchor: Anchor, lacking: Sequence[str]) -> Iterator[str]:
    path = anchors.file_of(anchor)
    if not path.is_file():
        yield f"its file {path} is missing"
    elif sha256_of(path) != anchor.sha256:
        yield f"its file {path} is not what was added"
    if lacking:
        yield f"no vector in {', '.join(lacking)}"
