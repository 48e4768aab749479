"""Candidates take turns, so that a busy machine is busy for all of them; medians are shown, ours first."""

import statistics
import time
from collections.abc import Callable, Collection, Mapping

from shared.engine import Figure

SELDOM = 20  # who is slow has one turn while the others have so many
IN_A_ROW = 50  # calls in a turn of who is quick

Turn = Callable[[int], object]  # is told a number: which call it is
Taken = dict[str, list[float]]  # milliseconds of each


def take_turns(
    candidates: Mapping[str, Turn], rounds: int, slow: Collection[str] = (), quick: Collection[str] = ()
) -> Taken:
    """After a call each that does not count.

    Who is quick is called many times in a turn: alone, a call of microseconds would only wait for the memory that the
    slow ones before it filled with theirs.
    """
    for call in candidates.values():
        call(0)
    taken: Taken = {name: [] for name in candidates}
    for turn in range(rounds):
        for name, call in candidates.items():
            if name not in slow or turn % SELDOM == 0:
                taken[name].append(milliseconds(call, turn, IN_A_ROW if name in quick else 1))
    return taken


def milliseconds(call: Turn, turn: int, times: int) -> float:
    """Of one call, when it is made so many times."""
    started = time.perf_counter()
    for number in range(turn * times, (turn + 1) * times):
        call(number)
    return (time.perf_counter() - started) * 1e3 / times


def medians(taken: Taken) -> dict[str, float]:
    return {name: statistics.median(times) for name, times in taken.items()}


def slowest_percent(times: list[float]) -> float:
    """What 99 of 100 stay below."""
    return sorted(times)[max(0, -(-99 * len(times) // 100) - 1)]


def figure(metric: str, values: Mapping[str, float], data: str, note: str = "") -> Figure:
    """The first of `values` as ours, the others beside it."""
    name, *others = values
    return Figure(
        metric=metric,
        value=values[name],
        data=f"{name}; {data}",
        baselines={other: values[other] for other in others},
        note=note,
    )
