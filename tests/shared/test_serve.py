"""Processes: they finish what they began, say why they cannot start, and come back when they are killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from shared.serve import bound, free_port
from shared.services import ROOT
from tests.conftest import running
from tests.gateway.conftest import toy


@contextmanager
def process(module: str, port: int, services: str = "{}") -> Iterator["subprocess.Popen[str]"]:
    """The gateway, started by `module`."""
    settings = {"GATEWAY_PORT": str(port), "GATEWAY_SERVICES": services}
    command = [sys.executable, "-m", module, "gateway"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stderr=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def is_alive(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/live", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def wait_until(alive: bool, port: int) -> None:
    deadline = time.monotonic() + 60
    while is_alive(port) != alive:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def child_of(process: "subprocess.Popen[str]") -> int:
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def test_sigterm_finishes_what_is_in_flight_and_exits_0() -> None:
    answers: list[int] = []
    with running(toy) as url, process("shared.serve", port := free_port(), f'{{"toy": "{url}"}}') as gateway:
        wait_until(True, port)
        slow = f"http://127.0.0.1:{port}/toy/sleep"  # 2 seconds
        asking = threading.Thread(target=lambda: answers.append(httpx.get(slow, trust_env=False).status_code))
        asking.start()
        time.sleep(0.5)
        gateway.terminate()
        asking.join()
        assert (answers, gateway.wait(30)) == ([200], 0)


def test_a_taken_port_is_one_clear_line() -> None:
    with bound("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with process("shared.serve", port) as gateway:
            _, error = gateway.communicate(timeout=60)
    assert gateway.returncode == 1
    assert error == f"port {port} of 127.0.0.1 is taken; stop what uses it, or set GATEWAY_PORT to another\n"


def test_one_that_is_killed_comes_back_and_one_that_is_stopped_stays_down() -> None:
    with process("shared.keep", port := free_port()) as keep:
        wait_until(True, port)
        killed = child_of(keep)
        os.kill(killed, signal.SIGKILL)
        wait_until(False, port)
        wait_until(True, port)
        os.kill(child_of(keep), signal.SIGTERM)
        wait_until(False, port)
        time.sleep(1.5)
        assert (keep.poll(), is_alive(port)) == (None, False)
        keep.terminate()
        assert keep.wait(30) == 0


def test_one_that_cannot_start_ends_its_keeper() -> None:
    with bound("127.0.0.1", 0) as taken:
        taken.listen()
        with process("shared.keep", taken.getsockname()[1]) as keep:
            assert keep.wait(60) == 1
