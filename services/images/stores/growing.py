"""The store to use: exact while it is small, by codes when it is large, and it answers while it changes over."""

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from services.images.stores.base import BLOCK, Found, Keys, Vectors
from services.images.stores.flat import Flat
from services.images.stores.large import Large
from services.images.stores.locks import ReadersWriter
from services.images.stores.measured import Sample
from services.images.stores.snapshots import kind_of

log = logging.getLogger(__name__)

FEW = 50_000  # vectors up to which comparing with each takes 2 to 4 ms
MOST_DEAD = 0.2  # share of the rows
TRAINED_FOR = 4  # times what it was trained on
TUNED_FOR = 1.5  # times what its effort was chosen for
WHILE_NOBODY_ASKS = 1000  # changes that may be made while everybody waits


class Growing:
    """For any number of threads. What takes long is done beside, from what is there, and then caught up with."""

    def __init__(self, width: int, folder: Path | None = None, few: int = FEW) -> None:
        self.width, self.folder, self.few = width, folder, few
        self.store: Flat | Large = Flat(width)
        self.lock = ReadersWriter()
        self.changed: set[int] | None = None  # since the next store was begun; None when none is
        self.thread: Thread | None = None
        self.given_up = False

    def upsert(self, keys: Keys, vectors: Vectors) -> None:
        with self.lock.write():
            self.store.upsert(keys, vectors)
            self.note(keys)

    def delete(self, keys: Keys) -> None:
        with self.lock.write():
            self.store.delete(keys)
            self.note(keys)

    def note(self, keys: Keys) -> None:
        """What the next store, if one is being built, has to hear of; or that it is time for one."""
        if self.changed is not None:
            self.changed.update(keys.tolist())
        elif self.given_up or (self.thread is not None and self.thread.is_alive()):
            return
        elif self.is_outgrown():
            self.changed = set()
            self.beside(self.change_over)
        elif isinstance(self.store, Large) and self.store.count() > TUNED_FOR * self.store.tuned:
            self.beside(self.tune)

    def beside(self, work: Callable[[], None]) -> None:
        self.thread = Thread(target=work, name="vectors", daemon=True)
        self.thread.start()

    def is_outgrown(self) -> bool:
        if isinstance(self.store, Flat):
            return self.store.count() > self.few
        return self.store.dead > MOST_DEAD or self.store.count() > TRAINED_FOR * self.store.trained

    def change_over(self) -> None:
        try:
            with self.lock.read():
                keys = np.array(self.store.keys())
            new = self.successor(keys)
            while self.changed is not None and len(self.changed) > WHILE_NOBODY_ASKS:
                self.catch_up(new)
            with self.lock.write():
                self.tell(new, self.changed or set())
                self.store, self.changed = new, None
        except (OSError, MemoryError, RuntimeError):
            log.exception("the vectors stay where they are until the next start")
            self.changed, self.given_up = None, True

    def tune(self) -> None:
        """More vectors are harder to tell apart by their codes: what was effort enough may be no more."""
        store = self.store
        try:
            sample = Sample.of(self)
        except KeyError:  # deleted under our hands: the next change asks for this again
            return
        with self.lock.read():
            if isinstance(store, Large):
                store.tune(sample)

    def successor(self, keys: Keys) -> Flat | Large:
        if len(keys) > self.few:
            return Large.built(self.width, keys, self.read, self.folder)
        new = Flat(self.width)
        for start in range(0, len(keys), BLOCK):
            new.upsert(*self.read(keys[start : start + BLOCK]))
        return new

    def read(self, keys: Keys) -> tuple[Keys, Vectors]:
        """Those that are there still, and their vectors."""
        with self.lock.read():
            keys = keys[self.store.has(keys)]
            return keys, self.store.get(keys)

    def catch_up(self, new: Flat | Large) -> None:
        with self.lock.write():
            changed, self.changed = self.changed or set(), set()
        for start in range(0, len(changed), BLOCK):
            with self.lock.read():
                self.tell(new, set(list(changed)[start : start + BLOCK]))

    def tell(self, new: Flat | Large, changed: set[int]) -> None:
        keys = np.fromiter(changed, np.int64, len(changed))
        there = self.store.has(keys)
        new.upsert(keys[there], self.store.get(keys[there]))
        new.delete(keys[~there])

    def settle(self) -> None:
        """Returns when the store has changed over, if it has to."""
        while (thread := self.thread) is not None and thread.is_alive():
            thread.join()

    def search(self, vectors: Vectors, k: int, among: Keys | None = None) -> Found:
        with self.lock.read():
            return self.store.search(vectors, k, among)

    def get(self, keys: Keys) -> Vectors:
        with self.lock.read():
            return self.store.get(keys)

    def has(self, keys: Keys) -> NDArray[np.bool_]:
        with self.lock.read():
            return self.store.has(keys)

    def keys(self) -> Keys:
        with self.lock.read():
            return np.array(self.store.keys())

    def count(self) -> int:
        return self.store.count()

    @property
    def is_large(self) -> bool:
        return isinstance(self.store, Large)

    @property
    def recall(self) -> float:
        """recall@10 against comparing with each, measured on a sample when the store was last built."""
        return self.store.recall if isinstance(self.store, Large) else 1.0

    def snapshot(self, path: Path) -> None:
        """Searches go on meanwhile; changes wait."""
        with self.lock.read():
            self.store.snapshot(path)

    @classmethod
    def open(cls, path: Path, folder: Path | None = None, few: int = FEW) -> "Growing":
        store = Large.open(path, folder) if kind_of(path) == "large" else Flat.open(path)
        growing = cls(store.width, folder, few)
        growing.store = store
        return growing
