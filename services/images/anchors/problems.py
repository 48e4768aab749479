"""What can go wrong with the disk, in words and as a status."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.commands import CannotDo
from shared.problems import InsufficientStorage, Unavailable

# What a full disk looks like: no room, no quota, or a limit on the size of files.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class AnchorsUnreadable(CannotDo):
    """The file cannot be opened, is damaged, or is not one that this version reads."""


@contextmanager
def problems(folder: Path) -> Iterator[None]:
    """Errors of writing into `folder` as problems of HTTP."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = f"nothing was changed, for it could not be saved: {folder} cannot be written ({error})"
        if is_full(error):
            raise InsufficientStorage(f"{reason}; free some room on the disk and ask again") from error
        raise Unavailable(f"{reason}; see that the disk is well and may be written, and ask again") from error


def is_full(error: OSError | sqlite3.Error) -> bool:
    if isinstance(error, OSError):
        return error.errno in FULL
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
