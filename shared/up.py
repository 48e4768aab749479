"""`make up`: prepares and trains what is missing, starts every process, waits until all are ready, stops cleanly."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import orjson

from shared.commands import run
from shared.serve import bound, cannot_listen
from shared.services import ROOT, make_missing, service_settings, settings_of
from shared.settings import ProcessSettings

PATIENCE_SECONDS = 180
# honcho kills what has not ended 5 s after it was asked to; a process may take longer to finish what is in flight.
HONCHO = "from honcho import command, manager; manager.KILL_WAIT = {}; command.main()"


def main() -> None:
    # Whoever starts us in the background may have told us to ignore these.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        up()
    except KeyboardInterrupt:
        print("\nstopped", flush=True)


def up() -> None:
    gateway, services = settings_of("gateway"), service_settings()
    processes = {"gateway": gateway, **services}
    refuse_taken_ports(processes)
    for name in services:
        make_missing(name)
    urls = gateway.model_dump()["services"] or {name: url_of(settings) for name, settings in services.items()}
    system = start(urls, max(settings.drain_seconds for settings in processes.values()))
    try:
        if wait_until_ready(system, url_of(gateway)):
            announce(url_of(gateway), list(services))
        system.wait()
    finally:
        stop(system)
    sys.exit("a process ended, so the others were stopped; the reason stands above")


def refuse_taken_ports(processes: dict[str, ProcessSettings]) -> None:
    """Better now than after minutes of training. All are held until all are known to be free, and so different."""
    with ExitStack() as held:
        for name, settings in processes.items():
            if not settings.port:
                sys.exit(f"{name.upper()}_PORT is 0: the others must know where to find {name}; set it to a free port")
            try:
                held.enter_context(bound(settings.host, settings.port))
            except OSError as error:
                sys.exit(cannot_listen(settings, error))


def url_of(settings: ProcessSettings) -> str:
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (read, not bound)
    host = anywhere.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def start(urls: dict[str, str], drain_seconds: int) -> "subprocess.Popen[bytes]":
    """honcho with every line of the Procfile, in a session of its own so that Ctrl-C reaches it once, through us."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    environment["GATEWAY_SERVICES"] = orjson.dumps(urls).decode()
    command = [sys.executable, "-c", HONCHO.format(drain_seconds + 5), "start", "--no-prefix"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)


def wait_until_ready(system: "subprocess.Popen[bytes]", url: str) -> bool:
    """True when every service is ready; False when the system ended first."""
    detail, deadline = "the gateway does not answer yet", time.monotonic() + PATIENCE_SECONDS
    while system.poll() is None:
        try:
            answer = httpx.get(f"{url}/health/ready", timeout=5, trust_env=False)
            if answer.status_code == httpx.codes.OK:
                return True
            detail = answer.json()["detail"]
        except httpx.TransportError:
            pass
        if "could not be loaded" in detail or time.monotonic() > deadline:
            sys.exit(detail)
        time.sleep(0.25)
    return False


def announce(url: str, services: list[str]) -> None:
    lines = [f"\nTriptych is up: {url}", f"  every operation    {url}/docs"]
    lines += [f"  {name:<18} {url}/{name}/docs" for name in services]
    print("\n".join([*lines, "Ctrl-C stops it.\n"]), flush=True)


def stop(system: "subprocess.Popen[bytes]") -> None:
    if system.poll() is None:
        system.terminate()
    system.wait()


if __name__ == "__main__":
    run(main)
