"""Few heavy requests at a time, a few wait, the others are told to come back."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.problems import TooMany
from shared.turnstile import Turnstile


def test_no_more_are_inside_than_may_be() -> None:
    door, lock, inside, most = Turnstile(active=2, room=10), threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal inside, most
        with door():
            with lock:
                inside += 1
                most = max(most, inside)
            threading.Event().wait(0.01)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(work, range(10)))
    assert most == 2


def test_one_too_many_is_told_when_to_come_back_and_the_next_gets_in() -> None:
    door = Turnstile(active=1, room=1)
    with door(), pytest.raises(TooMany, match="ask again") as refused, door():
        pass
    assert refused.value.headers == {"Retry-After": "5"}
    with door():
        pass


def test_an_error_inside_leaves_the_place_free() -> None:
    door = Turnstile(active=1, room=1)
    with pytest.raises(ZeroDivisionError), door():
        _ = 1 / 0
    with door():
        pass
