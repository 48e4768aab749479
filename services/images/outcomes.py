"""What each measure says of the pictures of a task, and how well it finds what it should."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from services.images.baselines import LEARNED_NOTHING, untrained
from services.images.collection import reason_of, said
from services.images.embedder import Embedder
from services.images.metrics import Floats, Retrieval, retrieval
from services.images.protocols import NOT_THERE, Task
from shared.commands import CannotDo
from shared.problems import Problem

UNTRAINED = "untrained backbone"

Vectors = dict[str, Floats]  # (N, D) each, by what made them: a space of the index, or a baseline


@dataclass(frozen=True)
class Described:
    """The vectors of those files that could be read."""

    vectors: Vectors
    read: NDArray[np.bool_]  # of each file, whether it could be

    def of(self, rows: NDArray[np.bool_]) -> Vectors:
        """Those of some of the files that could be read."""
        return {name: vectors[rows] for name, vectors in self.vectors.items()}


def described(embedder: Embedder, files: Sequence[Path], problems: list[str], what: str) -> Described:
    """By the model as it is served, and by every baseline; files that cannot be read are named in `problems`."""
    read = np.ones(len(files), bool)
    rows: dict[str, list[Floats]] = defaultdict(list)

    def pictures() -> Iterator[Tensor]:
        for place, file in enumerate(tqdm(files, what, unit="picture")):
            try:
                picture = embedder.read(file.read_bytes())
            except (Problem, OSError) as error:
                problems.append(f"{file.name}: {reason_of(error)}")
                read[place] = False
                continue
            for name, describe in LEARNED_NOTHING.items():
                rows[name].append(describe(picture))
            yield picture

    for seen in embedder.see_many(pictures()):
        rows[UNTRAINED].append(untrained(seen))
        for space, vector in seen.vectors.items():
            rows[space].append(vector)
    return Described({name: np.stack(several) for name, several in rows.items()}, read)


def outcomes(task: Task, embedder: Embedder, problems: list[str]) -> tuple[dict[str, Retrieval], Task]:
    """How well each measure does; and the task of those pictures that could be read."""
    gallery = described(embedder, task.gallery, problems, "gallery")
    queries = described(embedder, task.queries, problems, "queries")
    left, asked = readable(task, queries.read, gallery.read)
    if not left.queries:
        raise CannotDo(f"no query is left that can be read and has a right answer\n{said(problems)}")
    return found_by(queries.of(asked), gallery.vectors, left), left


def found_by(queries: Vectors, gallery: Vectors, task: Task) -> dict[str, Retrieval]:
    """By each measure, the rows of both being those of the task."""
    return {name: retrieval(queries[name], gallery[name], task.right, task.itself) for name in gallery}


def readable(task: Task, queries: NDArray[np.bool_], gallery: NDArray[np.bool_]) -> tuple[Task, NDArray[np.bool_]]:
    """Without the pictures that could not be read, nor queries whose every answer could not be; and, of the queries
    that could be read, which of them are left.
    """
    row = np.cumsum(gallery) - 1  # what each row of the gallery is now
    right = [row[of_query[gallery[of_query]]] for of_query in task.right]
    left = queries & np.array([len(of_query) > 0 for of_query in right])
    places = np.flatnonzero(left)
    kept = Task(
        [task.queries[place] for place in places],
        [file for file, is_read in zip(task.gallery, gallery, strict=True) if is_read],
        [right[place] for place in places],
        np.where(there(task, gallery)[places], row[task.itself[places]], NOT_THERE),
    )
    return kept, left[queries]


def there(task: Task, gallery: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of each query, whether its own picture is in the gallery and could be read."""
    known: NDArray[np.bool_] = (task.itself != NOT_THERE) & gallery[task.itself]
    return known
