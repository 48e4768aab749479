"""How speeds are taken: in turns, as medians, ours first; with a clock of the test's own."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from services.attention import bench


class Work:
    """Callables that take the seconds they are told to, by a clock that only they move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.called = 0.0, list[str]()
        monkeypatch.setattr(bench, "time", SimpleNamespace(perf_counter=lambda: self.now))

    def taking(self, name: str, *seconds: float) -> Callable[[], None]:
        left = iter(seconds)

        def call() -> None:
            self.called.append(name)
            self.now += next(left)

        return call


def test_candidates_take_turns_after_one_call_each_that_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch)
    candidates = {"a": work.taking("a", 9, 1, 1), "b": work.taking("b", 9, 2, 2)}
    assert bench.milliseconds(candidates, 2) == {"a": 1000, "b": 2000}
    assert "".join(work.called) == "ab" * 3


def test_a_candidates_figure_is_its_median(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch)
    taken = bench.milliseconds({"a": work.taking("a", 0, 1, 2, 64)}, 3)
    assert taken == {"a": 2000}  # the mean would be 22333


def test_a_figure_has_ours_as_its_value_and_the_others_beside_it() -> None:
    made = bench.figure("ms a pass", {"ours": 2.0, "theirs": 3.0, "another's": 4.0}, "median of 3")
    assert (made.metric, made.value, made.note) == ("ms a pass", 2.0, "median of 3")
    assert made.baselines == {"theirs": 3.0, "another's": 4.0}
    assert made.data.startswith("ours")
