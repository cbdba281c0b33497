"""Processes that are started anew, for training and its corpus: none is a fork, none looks in the current folder.

What a fork would inherit (threads of numerical libraries, locks that they hold) is not there, and systems without
``fork`` do the same. A file of the current folder that is named like a library is not imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_SAFE_PATH = "PYTHONSAFEPATH"


@contextmanager
def safe_path() -> Iterator[None]:
    """Within, a Python that this process starts leaves the current folder out of its path."""
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


def spread(function: Callable[[Item], Answer], items: Iterable[Item], workers: int) -> Iterator[Answer]:
    """``map`` over so many processes, answers in order; 1: in this process.

    Args:
        function: of a module that can be imported, or a ``partial`` of one; pickled, as are items and answers.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    with safe_path(), ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        yield from executor.map(function, items)
