"""What tests of several parts need: real servers on free ports, pictures, the services on disk."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from shared.serve import bound, config_of
from shared.settings import ProcessSettings


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
