"""A door for what is heavy: few at a time, a few more wait, and whoever comes then is told to come back."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from shared.problems import TooMany


class Turnstile:
    """`active` may be inside at once; `room` is for them and those who wait.

    What takes seconds, or hundreds of megabytes, must not take every worker from what takes milliseconds.
    """

    def __init__(self, active: int, room: int) -> None:
        self.inside, self.places = BoundedSemaphore(active), BoundedSemaphore(room)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        if not self.places.acquire(blocking=False):
            detail = "too many large requests wait already; ask again in a few seconds, or for less"
            raise TooMany(detail, headers={"Retry-After": "5"})
        try:
            with self.inside:
                yield
        finally:
            self.places.release()
