"""Runs one process: `python -m shared.serve gateway`, `python -m shared.serve services.ratings`."""

import argparse
import errno
import importlib
import os
import signal
import socket
import sys

import uvicorn

from shared import logs
from shared.commands import run
from shared.settings import ProcessSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", help="the package whose app.py holds the app")
    package = parser.parse_args().package
    # numpy's threads, read when it is first imported: like torch's they wait for each other on busy cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    app = importlib.import_module(f"{package}.app").app
    settings: ProcessSettings = app.state.settings
    logs.configure(settings.log_level)
    sock = listen(settings)
    # uvicorn raises a caught signal again once it has shut down; asked to stop and stopped, we exit with 0.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config_of(app, settings)).run(sockets=[sock])


def config_of(app: object, settings: ProcessSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        access_log=False,
        log_config=None,
        server_header=False,
        ws="none",  # No service speaks WebSocket.
        proxy_headers=False,  # The gateway says who the client is; a client must not say it for itself.
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.drain_seconds,
    )


def listen(settings: ProcessSettings) -> socket.socket:
    """A listening socket, or one clear line and exit code 1."""
    try:
        return bound(settings.host, settings.port)
    except OSError as error:
        sys.exit(cannot_listen(settings, error))


def bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def free_port() -> int:
    with bound("127.0.0.1", 0) as sock:
        return int(sock.getsockname()[1])


def cannot_listen(settings: ProcessSettings, error: OSError) -> str:
    variable = f"{settings.model_config['env_prefix']}PORT"
    if error.errno == errno.EADDRINUSE:
        return f"port {settings.port} of {settings.host} is taken; stop what uses it, or set {variable} to another"
    return f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); see {variable} and HOST beside it"


if __name__ == "__main__":
    run(main)
