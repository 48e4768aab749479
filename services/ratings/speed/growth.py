"""How time and memory grow with the ratings: synthetic ones of MovieLens' shape, a process a size."""

import statistics
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from services.ratings.dataset import Dataset
from services.ratings.learn import Recipe, fit_base
from services.ratings.material import columns_of, material_of
from services.ratings.speed.timing import figure
from services.ratings.synthetic import synthetic
from services.ratings.train import rank
from services.ratings.trained import learn
from shared.device import limit_threads
from shared.engine import Figure

SWEEPS = 6


@dataclass(frozen=True)
class Cost:
    """CPU seconds, one thread."""

    ratings: int
    users: int
    movies: int
    sweep: float
    learning: float
    ranking: float
    gibibytes: float  # at its highest, data included


class Clock(list[float]):
    """Notes when something is appended, whatever it is."""

    def append(self, value: float) -> None:
        super().append(time.process_time())

    def median(self) -> float:
        return statistics.median(later - earlier for earlier, later in pairwise(self))


def measure(sizes: Iterable[int], recipe: Recipe) -> list[Figure]:
    found = []
    for size in sizes:
        found.append(in_a_process(size, recipe))
        tqdm.write(str(found[-1]), file=sys.stderr)  # the next may take an hour
    return figures_of(found)


def in_a_process(ratings: int, recipe: Recipe) -> Cost:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(cost, ratings, recipe).result()


def cost(ratings: int, recipe: Recipe) -> Cost:
    limit_threads(1)
    data = synthetic(ratings, 0)
    counts = len(data.ratings), len(data.users), len(data.movies)
    sweep, learning = seconds_of_a_sweep(data, recipe), seconds_of_learning(data, recipe)
    return Cost(*counts, sweep, learning, seconds_of_ranking(data), peak())


def seconds_of_a_sweep(data: Dataset, recipe: Recipe) -> float:
    clock = Clock()
    fit_base(material_of(data, columns_of(data.users)), replace(recipe, burn=SWEEPS - 1, thin=1), 1, 0, clock)
    return clock.median()


def seconds_of_learning(data: Dataset, recipe: Recipe) -> float:
    started = time.process_time()
    learn(data, recipe, 0)
    return time.process_time() - started


def seconds_of_ranking(data: Dataset) -> float:
    started = time.process_time()
    rank(data)
    return time.process_time() - started


def peak() -> float:
    """Of this process, in GiB. Linux only; getrusage would count what the parent held when it started us."""
    lines = Path("/proc/self/status").read_text().splitlines()
    kibibytes = next(line for line in lines if line.startswith("VmHWM")).split()[1]
    return int(kibibytes) / 2**20


def figures_of(found: list[Cost]) -> list[Figure]:
    """Each size beside the first."""
    data = "; ".join(f"{one.ratings:,}: {one.users:,} users, {one.movies:,} movies" for one in found)
    each = ", ".join(f"{one.learning / one.ratings * 1e6:.0f}" for one in found)
    by_metric = {
        "CPU seconds of training on synthetic ratings": ([one.learning for one in found], f"{each} µs a rating"),
        "CPU ms of one Gibbs sweep": ([one.sweep * 1e3 for one in found], "of the factors of users and movies"),
        "CPU seconds of the ranking head": ([one.ranking for one in found], "grows with the movies too"),
        "GiB of memory at most": ([one.gibibytes for one in found], "the whole process, the ratings included"),
    }
    names = [f"{one.ratings:,} ratings" for one in found]
    return [
        figure(metric, dict(zip(names, values, strict=True)), data, note)
        for metric, (values, note) in by_metric.items()
    ]
