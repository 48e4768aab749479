"""What the commands have in common: a clear sentence and exit code 1 where they cannot do their work."""

import sys
from collections.abc import Callable


class CannotDo(Exception):
    """A command cannot do its work; the message says why, and what to do."""


def run(main: Callable[[], None]) -> None:
    try:
        main()
    except CannotDo as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("\ninterrupted: what was there before is there still")
