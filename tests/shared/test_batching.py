"""Requests that wait for a model go through it together."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from shared.batching import Batcher, ModelMetrics

Numbers = Batcher[int, int]


def batcher(run: Callable[[Sequence[int]], Sequence[int]], most: int = 100, lanes: int = 1) -> Numbers:
    metrics = ModelMetrics("toy")
    return Batcher(
        run, kind=lambda number: number % 2, most=lambda number: most, lanes=lanes, model="a", metrics=metrics
    )


def squares(numbers: Sequence[int]) -> list[int]:
    return [number**2 for number in numbers]


def all_at_once(numbers: Sequence[int], most: int = 100) -> tuple[list[int], list[list[int]]]:
    """The answers to numbers[1:], all asked while the model is busy with numbers[0]; and the batches it saw."""
    busy, go, batches = threading.Event(), threading.Event(), []

    def run(batch: Sequence[int]) -> list[int]:
        batches.append(list(batch))
        busy.set()
        assert go.wait(10)
        return squares(batch)

    ask = batcher(run, most)
    with ThreadPoolExecutor(len(numbers)) as threads:
        first = threads.submit(ask, numbers[0])
        assert busy.wait(10)
        others = [threads.submit(ask, number) for number in numbers[1:]]
        while len(ask.queue) < len(others):
            pass
        go.set()
        assert first.result(10) == numbers[0] ** 2
        return [other.result(10) for other in others], batches


def test_one_alone_is_answered_alone() -> None:
    assert batcher(squares)(3) == 9


def test_what_queued_meanwhile_goes_together_and_each_gets_its_own_answer() -> None:
    answers, batches = all_at_once([1, 3, 5, 7])
    assert answers == [9, 25, 49]
    assert sorted(map(sorted, batches)) == [[1], [3, 5, 7]]


def test_different_kinds_do_not_mix() -> None:
    answers, batches = all_at_once([1, 3, 4, 5, 6])
    assert answers == [9, 16, 25, 36]
    assert sorted(map(sorted, batches)) == [[1], [3, 5], [4, 6]]


def test_a_batch_is_never_larger_than_allowed() -> None:
    answers, batches = all_at_once([1, 3, 5, 7, 9, 11], most=2)
    assert answers == [9, 25, 49, 81, 121]
    assert max(len(batch) for batch in batches) == 2


def test_two_lanes_work_at_the_same_time_and_no_more() -> None:
    meeting, lock, inside, most = threading.Barrier(2, timeout=10), threading.Lock(), 0, 0

    def run(batch: Sequence[int]) -> list[int]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        meeting.wait()  # passes only when two are in here at once
        time.sleep(0.02)  # in which a third would come in
        with lock:
            inside -= 1
        return squares(batch)

    ask = batcher(run, most=1, lanes=2)
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(ask, [1, 2, 3, 4, 5, 6])) == [1, 4, 9, 16, 25, 36]
    assert (most, ask.lanes) == (2, 2)


def test_everyone_of_a_failed_batch_hears_of_it_and_the_next_is_answered() -> None:
    def run(batch: Sequence[int]) -> list[int]:
        if 0 in batch:
            raise ValueError("not zero")
        return squares(batch)

    ask = batcher(run)
    with pytest.raises(ValueError, match="not zero"):
        ask(0)
    assert ask(2) == 4
    assert ask.queue == []


def test_metrics_tell_batches_their_size_and_time() -> None:
    metrics, registry = ModelMetrics("toy"), CollectorRegistry()
    for collector in metrics.collectors():
        registry.register(collector)
    Batcher[int, int](squares, kind=lambda _: 0, most=lambda _: 9, lanes=1, model="a", metrics=metrics)(2)
    text = generate_latest(registry).decode()
    assert 'model_batch_size_count{model="a",service="toy"} 1.0' in text
    assert 'model_queue_length{model="a",service="toy"} 0.0' in text
    assert 'model_seconds_count{model="a",service="toy"} 1.0' in text
