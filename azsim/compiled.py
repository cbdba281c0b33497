"""The compiler of kernels: numba's ``njit``, with a cache on disk that may be missing, full, damaged or out of date.

::

    a kernel is needed ──> in the cache, whole, of these sources ──> loaded
                      └──> else ──> compiled ──> kept, if there is room

numba looks for a folder beside the source, then in the user's cache folder, and gives up where neither can be written;
here a temporary folder takes their place. It forgets a kernel when its own file changes; here also when what was
compiled into it changes: other kernels that it calls, in whatever file, and constants.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import pickle
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numba
import numpy as np
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.sigutils import normalize_signature

from azsim.errors import CacheWarning
from azsim.notices import Notice, tell

_DIGEST_BYTES = 32
_said: list[str] = []


def njit(*, cache: bool = True, nogil: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function at its first call for the types of its arguments.

    Args:
        cache: keep the machine code for later processes.
        nogil: other threads go on meanwhile.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        compiled = numba.njit(nogil=nogil)(function)
        if cache and hasattr(compiled, "enable_caching"):  # else NUMBA_DISABLE_JIT is set
            _place()
            try:
                compiled._cache = _Cache(function)
            except (RuntimeError, OSError) as error:
                _warn(str(error))
        return compiled

    return decorate


class _Cache(FunctionCache):
    """One function's machine code on disk; whatever is wrong with it, the function is compiled."""

    def __init__(self, function: FunctionType) -> None:
        super().__init__(function)
        stamp = (self._impl.locator.get_source_stamp(), _inlined(function))
        self._cache_file = _SealedFile(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The machine code for a signature, None if there is none that can be used."""
        try:
            found = super().load_overload(sig, target_context)
            if found is not None and tuple(found.signature.args) != tuple(normalize_signature(sig)[0]):
                raise ValueError(f"{self._name}: two processes wrote different machine code under one name")
        except Exception:  # damaged pickles raise whatever their bytes say
            self._cache_file.forget()
            found = None
        if found is None:
            once = "" if _said else ", once for this machine"
            tell(Notice(f"compiling kernels{once}", self._py_func.__name__))
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code, or say once that it cannot be kept."""
        try:
            super().save_overload(sig, data)
        except Exception as error:
            self._cache_file.forget()
            _warn(f"{self.cache_path}: {getattr(error, 'strerror', None) or error}")


class _SealedFile(IndexDataCacheFile):
    """numba's files of a function, with a digest before the machine code: a damaged one would crash the process."""

    def forget(self) -> None:
        """Drop the index, and with it all that it names."""
        with suppress(OSError):  # not there, or not ours to remove
            os.unlink(self._index_path)

    def _save_data(self, name: str, data: object) -> None:
        dumped = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(hashlib.sha256(dumped).digest() + dumped)

    def _load_data(self, name: str) -> object:
        sealed = Path(self._data_path(name)).read_bytes()
        seal, dumped = sealed[:_DIGEST_BYTES], sealed[_DIGEST_BYTES:]
        if hashlib.sha256(dumped).digest() != seal:
            raise ValueError(f"{name}: damaged")
        return pickle.loads(dumped)


def _inlined(function: FunctionType) -> str:
    """Digest of what else is compiled into a function: the files of kernels that it calls, and constants by value."""
    files: set[str] = set()
    constants: set[str] = set()
    seen: set[FunctionType] = set()
    waiting = [function]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        files.add(one.__code__.co_filename)
        cells = zip(one.__code__.co_freevars, one.__closure__ or ())
        values = [(name, one.__globals__.get(name)) for name in _names(one.__code__)]
        for name, value in [*values, *((name, cell.cell_contents) for name, cell in cells)]:
            called = getattr(value, "py_func", None) or getattr(value, "_defn", None)  # a kernel, or an intrinsic
            if called is not None:
                waiting.append(called)
            elif isinstance(value, np.ndarray):
                constants.add(f"{name} {value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}")
            elif isinstance(value, (bool, int, float, str, tuple, np.generic)):
                constants.add(f"{name} {value!r}")
    parts = [*sorted(constants), *(_file_digest(file) for file in sorted(files))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


@cache
def _file_digest(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:  # no file, as in a notebook
        return ""


@cache
def _place() -> None:
    """See to it once that numba finds a folder for its files, a temporary one if need be."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    usual = [os.path.join(os.path.dirname(__file__), "__pycache__"), os.path.join(home, "numba")]
    folders = [folder for folder in (numba.config.CACHE_DIR, *usual) if folder]
    if any(_can_be_written(folder) for folder in folders):
        return
    tried = ", ".join(folders)
    try:
        folder = tempfile.mkdtemp(prefix="azsim-kernels-")
    except OSError:
        _warn(f"none of {tried} and no temporary folder can be written")
        return
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    numba.config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"] = folder  # for worker processes too
    os.environ.setdefault("MPLCONFIGDIR", os.path.join(folder, "matplotlib"))  # which would make and announce its own
    _warn(f"none of {tried} can be written")


def _can_be_written(folder: str) -> bool:
    if not os.path.isabs(folder):  # "~" where nobody has a home
        return False
    try:
        os.makedirs(folder, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _warn(why: str) -> None:
    """Say what becomes of kernels, the first time that something is wrong with their cache."""
    if not _said:
        _said.append(why)
        warnings.warn(
            f"compiled kernels cannot be kept, so that every start takes some seconds more: {why}; "
            "NUMBA_CACHE_DIR=FOLDER names a folder for them",
            CacheWarning,
            stacklevel=2,
        )
