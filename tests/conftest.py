"""What tests of several parts need: a real server on a free port, an app with its model loaded."""

import atexit
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from shared.serve import bound, config_of
from shared.services import names
from shared.settings import ProcessSettings, ServiceSettings

# A developer's .env must not change what is tested; the services' settings, imported later, inherit this.
for settings in (ProcessSettings, ServiceSettings):
    settings.model_config["env_file"] = None

# What the tests add must not stand in the repository's state/. Processes that they start inherit the environment.
STATE = tempfile.TemporaryDirectory(prefix="triptych-state-")
atexit.register(STATE.cleanup)
os.environ |= {f"{name.upper()}_STATE_DIR": STATE.name for name in names()}


@contextmanager
def ready(app: FastAPI, name: str) -> Iterator[TestClient]:
    """A client of `app`, whose model is loaded."""
    with TestClient(app) as client:
        deadline = time.monotonic() + 120
        while (answer := client.get(f"/{name}/health/ready")).status_code != 200:
            assert time.monotonic() < deadline, answer.text
            assert not answer.json()["failed"], answer.text
            time.sleep(0.05)
        yield client


@contextmanager
def running(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """`app` behind a real uvicorn, on a free port unless told which; the URL of it."""
    sock = bound("127.0.0.1", port)
    server = uvicorn.Server(config_of(app, ProcessSettings(port=port, drain_seconds=1)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(5)
        sock.close()
