"""One process at a time works on a folder: a lock on the folder itself, so that no file is left behind.

The system takes the lock away when the process ends, however it ends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from azsim.errors import InputError, WorkError

try:
    import fcntl
except ImportError:  # Windows has no locks on folders
    fcntl = None

PATIENCE_S = 60.0
_POLL_S = 0.02


@contextmanager
def locked(folder: Path, *, make: bool = False, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the lock of a folder, waiting for it if need be.

    Where the system or the file system knows no such locks (Windows, some network drives) nothing is held.

    Args:
        folder: an existing one.
        make: make it if it is missing; it goes again if the block ends with an exception and it is empty.
        patience_s: how long to wait.

    Raises:
        InputError: there is no such folder, or it cannot be made.
        WorkError: another process held the lock all the time.
    """
    made = make and _made(folder)
    descriptor = _acquired(folder, make, time.monotonic() + patience_s)
    try:
        yield
    except BaseException:
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _made(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return False
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: cannot be made: {getattr(error, 'strerror', None) or error}") from None
    return True


def _acquired(folder: Path, make: bool, until_s: float) -> int | None:
    while True:
        if not folder.is_dir():
            raise InputError(f"{folder}: is no folder")
        if fcntl is None:
            return None
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            if time.monotonic() > until_s:
                raise WorkError(f"{folder}: another process works on it; try again when it has ended") from None
            time.sleep(_POLL_S)
        except OSError:
            os.close(descriptor)
            return None
        else:
            if _is_there(folder, descriptor):
                return descriptor
            os.close(descriptor)  # the one before us took it away again
            if make:
                _made(folder)


def _is_there(folder: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(folder), os.fstat(descriptor))
    except FileNotFoundError:
        return False
