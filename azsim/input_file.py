"""A file that the user names, before it is opened: there, a file, readable, and none that is waited for without end."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from azsim import budget
from azsim.errors import InputError


def given_path(value: str | os.PathLike[str], what: str) -> Path:
    """An argument as a path.

    Raises:
        InputError: it is none; ``what`` says of what.
    """
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise InputError(f"{what}: {type(value).__name__}: must be a name or a path, as text")
    return Path(value)


def check_input_file(path: Path, needed: str) -> None:
    """Refuse what is no file, or one that may not be read.

    Args:
        path: of a file that is to be read.
        needed: what should be there, such as "a sound file".

    Raises:
        InputError: there is nothing, a folder, a pipe or a device, or it cannot be looked at or read.
    """
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path}: is a folder; {needed} is needed")
        if not stat.S_ISREG(mode):
            raise InputError(f"{path}: is a pipe or a device; {needed} is needed")
        with open(path, "rb"):
            pass
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: no such file; {needed} is needed") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; {needed} is needed") from None
    except ValueError:
        raise InputError(f"{path}: no name of a file; {needed} is needed") from None


def read_input_file(path: Path, needed: str, copies: int = 4) -> bytes:
    """The bytes of a file.

    Args:
        path, needed: as in `check_input_file`.
        copies: how many times its size the work on it takes, at most, for the memory budget.

    Raises:
        InputError: as `check_input_file`, or the file is larger than the budget of memory allows.
    """
    check_input_file(path, needed)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            budget.require(copies * size, what=f"a file of {size:,} bytes", where=str(path))
            return file.read(size + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; {needed} is needed") from None
