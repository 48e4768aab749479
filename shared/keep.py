"""Keeps one process of the Procfile: `python -m shared.keep services.ratings`.

honcho ends everything when one process ends, but a service that is down must not take the others with it. So: one that
was killed (kill -9, out of memory) is started again; one that was stopped on purpose stays down while the others go on;
one that cannot start ends the system, with its reason.
"""

import signal
import subprocess
import sys
import time
from types import FrameType

PAUSE_SECONDS = 1


def main() -> None:
    package = sys.argv[1]
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while (code := run(package)) < 0:
        print(f"{package} was killed by signal {-code}; starting it again", flush=True)
        time.sleep(PAUSE_SECONDS)
    if code > 0:
        sys.exit(code)
    print(f"{package} was stopped; `python -m shared.serve {package}` starts it again", flush=True)
    signal.pause()


def run(package: str) -> int:
    """The exit code of the process; when we are told to stop meanwhile, it is told too and we end with it."""
    process = subprocess.Popen([sys.executable, "-m", "shared.serve", package])
    try:
        return process.wait()
    except SystemExit:
        process.terminate()
        process.wait()
        raise


def stop(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
