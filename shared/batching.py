"""Micro-batching: requests that wait for the model while it works go through it together.

Nobody waits for a batch to fill: the oldest in the queue takes along everything of its kind that queued meanwhile. A
lone request is answered at once, in its own thread; under load the batches grow by themselves. The queue is as long as
there are threads that ask (`workers`); what is beyond `max_in_flight` is answered 429 before it comes here.
"""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Generic, TypeVar, cast

from prometheus_client import Gauge, Histogram
from prometheus_client.registry import Collector

Item = TypeVar("Item")
Result = TypeVar("Result")
SIZES = (1, 2, 4, 8, 16, 32, 64)


@dataclass(eq=False)
class Waiting(Generic[Item, Result]):
    """An item in the queue, and later its result."""

    item: Item
    result: Result | None = None
    error: BaseException | None = None
    done: bool = False
    called: Event = field(default_factory=Event)  # because it is done, or because its turn has come


class ModelMetrics:
    """What a model's work looks like from outside; an engine has one, and the app registers its collectors."""

    def __init__(self, service: str) -> None:
        labels = ["service", "model"]
        self.service = service
        self.waiting = Gauge("model_queue_length", "Requests waiting for the model.", labels, registry=None)
        self.sizes = Histogram("model_batch_size", "Requests in a batch.", labels, registry=None, buckets=SIZES)
        self.seconds = Histogram("model_seconds", "Seconds in the model, a batch.", labels, registry=None)

    def collectors(self) -> list[Collector]:
        return [self.waiting, self.sizes, self.seconds]


class Batcher(Generic[Item, Result]):
    """Calls `run` with as many waiting items of one `kind` as there are, `most` at a time; one batch at a time."""

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        kind: Callable[[Item], Hashable],
        most: Callable[[Item], int],
        model: str,
        metrics: ModelMetrics,
    ) -> None:
        self.run, self.kind, self.most = run, kind, most
        self.lock, self.busy = Lock(), False
        self.queue: list[Waiting[Item, Result]] = []
        labels = (metrics.service, model)
        self.waiting, self.sizes = metrics.waiting.labels(*labels), metrics.sizes.labels(*labels)
        self.seconds = metrics.seconds.labels(*labels)

    def __call__(self, item: Item) -> Result:
        """The result of `item`, or the error of the batch it was in."""
        mine = Waiting[Item, Result](item)
        with self.waiting.track_inprogress():
            self.wait_for_turn(mine)
        if not mine.done:
            self.lead(mine)
        if mine.error is not None:
            raise mine.error
        return cast(Result, mine.result)

    def wait_for_turn(self, mine: Waiting[Item, Result]) -> None:
        """Returns when `mine` may go through the model, or has been taken along."""
        with self.lock:
            self.queue.append(mine)
            free, self.busy = not self.busy, True
        if not free:
            mine.called.wait()

    def lead(self, mine: Waiting[Item, Result]) -> None:
        try:
            self.answer(self.together_with(mine))
        finally:
            self.call_next()

    def call_next(self) -> None:
        with self.lock:
            self.busy = bool(self.queue)
            if self.queue:
                self.queue[0].called.set()

    def together_with(self, mine: Waiting[Item, Result]) -> list[Waiting[Item, Result]]:
        """Take `mine` out of the queue, and as many others of its kind as may go along, the oldest first."""
        kind = self.kind(mine.item)
        with self.lock:
            others = [one for one in self.queue if one is not mine and self.kind(one.item) == kind]
            batch = [mine, *others[: self.most(mine.item) - 1]]
            self.queue = [one for one in self.queue if one not in batch]
        return batch

    def answer(self, batch: list[Waiting[Item, Result]]) -> None:
        started = time.perf_counter()
        try:
            results = self.run([one.item for one in batch])
            for one, result in zip(batch, results, strict=True):
                one.result = result
        except BaseException as error:  # Each of them must hear of it, not only the one whose turn it was.
            for one in batch:
                one.error = error
        finally:
            for one in batch:
                one.done = True
                one.called.set()
        self.sizes.observe(len(batch))
        self.seconds.observe(time.perf_counter() - started)
