"""`make up`: prepares and trains what is missing, starts every process, waits until all are ready, stops cleanly."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import orjson

from shared.serve import bound, cannot_listen
from shared.services import ROOT, make_missing, names, service_settings, settings_of
from shared.settings import ProcessSettings

PATIENCE_SECONDS = 180


def main() -> None:
    gateway, services = settings_of("gateway"), service_settings()
    refuse_taken_ports([gateway, *services.values()])
    for name in names():
        make_missing(name)
    system = start({name: url_of(settings) for name, settings in services.items()})
    try:
        if wait_until_ready(system, url_of(gateway)):
            announce(url_of(gateway), list(services))
        system.wait()
    except KeyboardInterrupt:
        stop(system)
        print("\nstopped", flush=True)
        return
    sys.exit("a process ended, so the others were stopped; the reason stands above")


def refuse_taken_ports(processes: list[ProcessSettings]) -> None:
    """Better now than after minutes of training."""
    for settings in processes:
        try:
            bound(settings.host, settings.port).close()
        except OSError as error:
            sys.exit(cannot_listen(settings, error))


def url_of(settings: ProcessSettings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 (read, not bound)
    return f"http://{host}:{settings.port}"


def start(urls: dict[str, str]) -> "subprocess.Popen[bytes]":
    """honcho with every line of the Procfile, in a session of its own so that Ctrl-C reaches it once, through us."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    if os.environ.get("GATEWAY_SERVICES", "") in ("", "{}"):
        environment["GATEWAY_SERVICES"] = orjson.dumps(urls).decode()
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    command = [sys.executable, "-m", "honcho", "start", "--no-prefix"]
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
            stop(system)
            sys.exit(detail)
        time.sleep(0.25)
    return False


def announce(url: str, services: list[str]) -> None:
    lines = [f"\nTriptych is up: {url}", f"  every operation    {url}/docs"]
    lines += [f"  {name:<18} {url}/{name}/docs" for name in services]
    print("\n".join([*lines, "Ctrl-C stops it.\n"]), flush=True)


def stop(system: "subprocess.Popen[bytes]") -> None:
    system.send_signal(signal.SIGTERM)
    system.wait()


if __name__ == "__main__":
    main()
