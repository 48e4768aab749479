"""A lock that many may hold to read, or one to write."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class ReadersWriter:
    """Who wants to write waits for those who read by then; later readers wait for him. Not to be taken twice."""

    def __init__(self) -> None:
        self.condition = Condition()
        self.readers = self.writers = 0  # writers who wait count too
        self.writing = False

    @contextmanager
    def read(self) -> Iterator[None]:
        with self.condition:
            self.condition.wait_for(lambda: self.writers == 0)
            self.readers += 1
        try:
            yield
        finally:
            with self.condition:
                self.readers -= 1
                self.condition.notify_all()

    @contextmanager
    def write(self) -> Iterator[None]:
        with self.condition:
            self.writers += 1
            self.condition.wait_for(lambda: self.readers == 0 and not self.writing)
            self.writing = True
        try:
            yield
        finally:
            with self.condition:
                self.writing = False
                self.writers -= 1
                self.condition.notify_all()
