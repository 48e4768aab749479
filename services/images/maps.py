"""What the frozen trunk says of pictures and their views: computed once, and kept on the disk while training reads it.

A view costs some milliseconds of the trunk and half a millisecond to read back, and it is needed in every epoch. The
maps of a killed run are taken up again where it stopped.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from services.images.collection import Picture, reason_of
from services.images.features import decode
from services.images.pixels import ahead, of_image
from services.images.views import VIEWS
from shared.device import training_threads
from shared.problems import Problem

Array = NDArray[np.float16]
Trunk = Callable[[Tensor], Tensor]  # pictures (N, 3, S, S), uint8, to maps (N, C, H, W)

WRITTEN = 64  # pictures between two notes of how far it got: what a killed run loses


class Job(NamedTuple):
    """A picture and how many views of it are wanted: itself, and others of its role."""

    picture: Picture
    number: int  # of the picture in its collection; its draws depend on it, not on which others are asked for
    views: int


class Maps:
    """The maps of each picture by its number, views one after the other, the picture itself first."""

    def __init__(self, maps: Array, first: dict[int, int], problems: list[str]) -> None:
        self.maps, self.first, self.problems = maps, first, problems  # maps: (M, C, H, W); pictures not read have none

    def __getitem__(self, rows: NDArray[np.int64]) -> Tensor:
        """(N, C, H, W), float32; a copy, for the file is only read."""
        return torch.from_numpy(self.maps[rows].astype(np.float32))


def cached_maps(folder: Path, jobs: Sequence[Job], trunk: Trunk, side: int, seed: int, max_pixels: int) -> Maps:
    """Computed where `folder` does not have them yet; it is for these jobs, this trunk and this seed alone."""
    folder.mkdir(parents=True, exist_ok=True)
    one = trunk(torch.zeros(1, 3, side, side, dtype=torch.uint8))  # (1, C, H, W)
    maps = opened_file(folder / "maps.npy", (sum(job.views for job in jobs), *one.shape[1:]))
    notes = read_notes(folder / "done.jsonl")
    if len(notes) < len(jobs):
        look = partial(maps_of, trunk=trunk, side=side, seed=seed, max_pixels=max_pixels)
        compute(folder / "done.jsonl", jobs, notes, maps, look)
        notes = read_notes(folder / "done.jsonl")
    starts = np.cumsum([0, *(job.views for job in jobs)]).tolist()
    done = list(zip(jobs, notes, starts, strict=False))
    first = {job.number: start for job, note, start in done if note is None}
    return Maps(maps, first, [f"{job.picture.path.name}: {note}" for job, note, _ in done if note is not None])


def opened_file(path: Path, shape: tuple[int, ...]) -> Array:
    """A file of that many float16, as NumPy keeps them; a new one is full of zeros and takes no space yet."""
    if path.exists():
        return np.lib.format.open_memmap(path, mode="r+")
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)


def read_notes(path: Path) -> list[str | None]:
    """One for each picture that is done: None, or why it could not be read. A line cut off by a kill does not count."""
    if not path.exists():
        return []
    lines = path.read_text().split("\n")[:-1]
    return [json.loads(line) for line in lines]


def compute(
    done: Path, jobs: Sequence[Job], notes: list[str | None], maps: Array, look: Callable[[Job], Array | str]
) -> None:
    """The maps reach the disk before the note that they are there, so a note is never wrong."""
    left = jobs[len(notes) :]
    row = sum(job.views for job in jobs[: len(notes)])
    keep_whole_lines(done)
    with tqdm(total=len(jobs), initial=len(notes), desc="looking at pictures", unit="picture") as bar:
        for some in chunks(zip(left, looked_at(left, look), strict=True)):
            for job, result in some:
                if not isinstance(result, str):
                    maps[row : row + job.views] = result
                row += job.views
            sync(maps)
            with done.open("a") as file:
                file.writelines(f"{json.dumps(result if isinstance(result, str) else None)}\n" for _, result in some)
            bar.update(len(some))


def sync(maps: Array) -> None:
    assert isinstance(maps, np.memmap)
    maps.flush()


def keep_whole_lines(path: Path) -> None:
    if path.exists():
        path.write_text("".join(f"{json.dumps(note)}\n" for note in read_notes(path)))


def looked_at(jobs: Sequence[Job], look: Callable[[Job], Array | str]) -> Iterator[Array | str]:
    """In order, on all cores, no more of them waiting than are soon written."""
    workers = training_threads()
    return ahead((partial(look, job) for job in jobs), workers, 2 * workers)


def chunks(results: Iterator[tuple[Job, Array | str]]) -> Iterator[list[tuple[Job, Array | str]]]:
    some = []
    for result in results:
        some.append(result)
        if len(some) == WRITTEN:
            yield some
            some = []
    if some:
        yield some


def maps_of(job: Job, trunk: Trunk, side: int, seed: int, max_pixels: int) -> Array | str:
    """(V, C, H, W) of a picture, or why it cannot be read."""
    try:
        image = decode(job.picture.path.read_bytes(), max_pixels)
    except (Problem, OSError) as error:
        return reason_of(error)
    maps = trunk(torch.stack(list(views_of(image, job, side, seed))))
    return maps.cpu().numpy().astype(np.float16)


def views_of(image: Image.Image, job: Job, side: int, seed: int) -> Iterator[Tensor]:
    """(3, S, S) each, the picture itself first; the others from a copy no larger than they need."""
    yield of_image(image, side)
    image = image.copy()
    image.thumbnail((2 * side, 2 * side))
    for view in range(1, job.views):
        rng = np.random.default_rng([seed, job.number, view])
        yield of_image(VIEWS[job.picture.role](image, view, rng), side)
