"""A file that azsim writes: whole or not at all, and never through a link, into a device or over a folder.

::

    .azsim-3f9c….tmp  in the target's folder, created exclusively, locked ──> written ──> synced ──> renamed
            killed here: the lock is gone, and the next file written into this folder sweeps it away
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from azsim.errors import InputError, WorkError

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed anyway
    fcntl = None

TEMPORARY = re.compile(r"\.azsim-[0-9a-f]{16}\.tmp")
"""Names of files that are being written; no other file is ever swept."""
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def check_output_file(path: Path) -> None:
    """Refuse what cannot become a file; call it before the work, so that no work is lost.

    Args:
        path: of a file that is to be written; an older plain file may be there.

    Raises:
        InputError: it is a folder, a symbolic link, a pipe, a device or write-protected, its name is impossible, or
            its folder is missing or cannot be written.
    """
    try:
        kind = os.lstat(path).st_mode
    except FileNotFoundError:
        kind = None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from None
    if kind is not None and stat.S_ISLNK(kind):
        raise InputError(f"{path}: is a symbolic link; give the file that it leads to")
    if kind is not None and stat.S_ISDIR(kind):
        raise InputError(f"{path}: is a folder; the name of a file is needed")
    if kind is not None and not stat.S_ISREG(kind):
        raise InputError(f"{path}: is a pipe or a device; the name of a plain file is needed")
    if kind is not None and not os.access(path, os.W_OK):
        raise InputError(f"{path}: is write-protected; give another name")
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"{path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{path}: its folder cannot be written; give another name")


def make_folders(path: Path) -> None:
    """Make the folders that a file will stand in.

    Raises:
        InputError: they cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: its folder cannot be made: {why}") from None


@contextmanager
def replacing(path: Path | str, *, mode: int = 0o666, overwrite: bool = True) -> Iterator[BinaryIO]:
    """A file open for writing, under a temporary name; it takes its place when the block ends without an exception.

    Args:
        path: where it shall be. An older file there stays until the new one is whole, and gives it its permissions.
        mode: permissions of a new file, less those that the umask takes.
        overwrite: whether an older file is replaced; if not, it stays, whoever made it meanwhile.

    Yields:
        The file, in binary; its ``name`` is the temporary path, for libraries that want one and write in place.

    Raises:
        InputError: nothing may be written there (see `check_output_file`), or ``overwrite`` is off and a file is there.
        WorkError: it cannot be written: a full disk, or a folder that went away.
    """
    path = Path(path)
    check_output_file(path)
    if not overwrite:
        _refuse_present(path)
    try:
        sweep(path.parent)
        temporary = _created(path.parent, mode)
        try:
            with temporary:
                if overwrite:
                    _take_permissions(path, temporary)
                yield temporary
                temporary.flush()
                os.fsync(temporary.fileno())
                if fcntl is not None:
                    _place(Path(temporary.name), path, overwrite)
            if fcntl is None:
                _place(Path(temporary.name), path, overwrite)
        finally:
            Path(temporary.name).unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise WorkError(f"{path}: cannot be written: {error.strerror or error}") from error


def write_output_file(
    path: Path | str, pieces: Iterable[bytes | memoryview], *, mode: int = 0o666, overwrite: bool = True
) -> None:
    """Write a file of these pieces, whole or not at all; arguments and errors as in `replacing`."""
    with replacing(path, mode=mode, overwrite=overwrite) as file:
        for piece in pieces:
            file.write(piece)


def sweep(folder: Path) -> None:
    """Remove what a killed process left half-written in a folder; files that a living one is writing stay."""
    with suppress(OSError), os.scandir(folder) as entries:
        names = [entry.name for entry in entries if TEMPORARY.fullmatch(entry.name)]
        for name in names:
            with suppress(OSError):
                _remove_if_abandoned(folder / name)


def sync_folder(folder: Path) -> None:
    """Make a rename last; where a folder cannot be opened (Windows) the rename itself has to do."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _created(folder: Path, mode: int) -> BinaryIO:
    """A new file of a name of its own, locked as long as it is open."""
    while True:
        name = folder / f".azsim-{secrets.token_hex(8)}.tmp"
        with suppress(FileExistsError):
            file = open(name, "xb", opener=partial(os.open, mode=mode))  # noqa: SIM115 (closed by the caller)
            if _lock(file) and _is_there(name, file):
                return file
            file.close()  # swept between creation and lock


def _lock(file: BinaryIO) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: then nothing there is ever taken for abandoned
        return True
    return True


def _is_there(name: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(os.lstat(name), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _remove_if_abandoned(name: Path) -> None:
    if fcntl is None:
        name.unlink()  # refused while a process has it open
        return
    if not stat.S_ISREG(os.lstat(name).st_mode):
        return
    descriptor = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        name.unlink()
    finally:
        os.close(descriptor)


def _take_permissions(path: Path, temporary: BinaryIO) -> None:
    if hasattr(os, "fchmod"):
        with suppress(FileNotFoundError):
            os.fchmod(temporary.fileno(), stat.S_IMODE(os.lstat(path).st_mode))


def _place(temporary: Path, path: Path, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, path)
        return
    try:
        os.link(temporary, path)
    except FileExistsError:
        _refuse_present(path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _refuse_present(path)
        os.rename(temporary, path)


def _refuse_present(path: Path) -> None:
    if os.path.lexists(path):
        raise InputError(f"{path}: exists already; it is not overwritten")
