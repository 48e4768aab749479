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
    kind: Hashable
    most: int  # that may go together with it
    batch: "list[Waiting[Item, Result]]" = field(default_factory=list)  # that its own thread is to take through
    result: Result | None = None
    error: BaseException | None = None
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
    """Calls `run` with as many waiting items of one `kind` as there are, `most` at a time; `lanes` batches at once."""

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        kind: Callable[[Item], Hashable],
        most: Callable[[Item], int],
        lanes: int,
        model: str,
        metrics: ModelMetrics,
    ) -> None:
        self.run, self.kind, self.most = run, kind, most
        self.lock = Lock()
        self.lanes = lanes  # that are free; when one is, nobody waits
        self.queue: list[Waiting[Item, Result]] = []
        labels = (metrics.service, model)
        self.waiting, self.sizes = metrics.waiting.labels(*labels), metrics.sizes.labels(*labels)
        self.seconds = metrics.seconds.labels(*labels)

    def __call__(self, item: Item) -> Result:
        """The result of `item`, or the error of the batch it was in."""
        mine = Waiting[Item, Result](item, self.kind(item), self.most(item))
        if not self.enter(mine):
            with self.waiting.track_inprogress():
                mine.called.wait()
        if mine.batch:
            self.answer(mine.batch)
            self.leave()
        if mine.error is not None:
            raise mine.error
        return cast(Result, mine.result)

    def enter(self, mine: Waiting[Item, Result]) -> bool:
        """Whether a lane is free for `mine`; otherwise it is in the queue."""
        with self.lock:
            if self.lanes:
                self.lanes -= 1
                mine.batch = [mine]
            else:
                self.queue.append(mine)
        return bool(mine.batch)

    def leave(self) -> None:
        """Hand the lane to the oldest in the queue, with others of its kind."""
        with self.lock:
            if not self.queue:
                self.lanes += 1
                return
            oldest = self.queue[0]
            oldest.batch = [one for one in self.queue if one.kind == oldest.kind][: oldest.most]
            self.queue = [one for one in self.queue if one not in oldest.batch]
        oldest.called.set()

    def answer(self, batch: list[Waiting[Item, Result]]) -> None:
        started = time.perf_counter()
        try:
            results = self.run([one.item for one in batch])
            for one, result in zip(batch, results, strict=True):
                one.result = result
        except BaseException as error:  # Each of them must hear of it, not only the one whose thread this is.
            for one in batch:
                one.error = error
        for one in batch:
            one.called.set()
        self.sizes.observe(len(batch))
        self.seconds.observe(time.perf_counter() - started)
