"""A file that the user names, before it is opened: there, a file, and none that would be waited for without end."""

from __future__ import annotations

from pathlib import Path

from azsim.errors import InputError


def check_input_file(path: Path, needed: str) -> None:
    """Refuse what is no file.

    Args:
        path: of a file that is to be read.
        needed: what should be there, such as "a sound file".

    Raises:
        InputError: there is nothing, a folder, a pipe or a device, or it cannot be looked at.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; {needed} is needed")
        if not path.exists():
            raise InputError(f"{path}: no such file; {needed} is needed")
        if not path.is_file():
            raise InputError(f"{path}: is a pipe or a device; {needed} is needed")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; {needed} is needed") from None
