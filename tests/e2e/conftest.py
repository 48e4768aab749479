"""The real system, started as `make up` does, on free ports."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from shared.serve import bound
from shared.services import ROOT, names

UP = [sys.executable, "-m", "shared.up"]
PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class System:
    process: "subprocess.Popen[str]"
    log: Path
    url: str
    ports: dict[str, int]


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(bound("127.0.0.1", 0)) for _ in range(count)]
        return [int(sock.getsockname()[1]) for sock in sockets]


def environment(ports: dict[str, int], state: Path) -> dict[str, str]:
    """State of its own: what is added and deleted here must not be missing in the tests of one service."""
    ours = {f"{name.upper()}_PORT": str(port) for name, port in ports.items()}
    kept = {f"{name.upper()}_STATE_DIR": str(state) for name in names()}
    return os.environ | ours | kept | {"GATEWAY_SERVICES": ""}


def start(log: Path) -> System:
    processes = ["gateway", *names()]
    ports = dict(zip(processes, free_ports(len(processes)), strict=True))
    with log.open("w") as file:
        process = subprocess.Popen(
            UP, cwd=ROOT, env=environment(ports, log.parent / "state"), stdout=file, stderr=file, text=True
        )
    return System(process, log, f"http://127.0.0.1:{ports['gateway']}", ports)


def wait_until_announced(system: System) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "Triptych is up" not in system.log.read_text():
        assert system.process.poll() is None, system.log.read_text()[-4000:]
        assert time.monotonic() < deadline, system.log.read_text()[-4000:]
        time.sleep(0.2)


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = start(tmp_path_factory.mktemp("system") / "log.txt")
    try:
        wait_until_announced(system)
        yield system
    finally:
        system.process.send_signal(signal.SIGINT)
        system.process.wait(60)


@pytest.fixture(scope="session")
def client(system: System) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=system.url, timeout=60, trust_env=False) as client:
        yield client
