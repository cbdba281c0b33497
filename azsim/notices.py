"""What long work says of itself meanwhile, to whoever listens; a worker process says it to the one that started it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """Something that takes a while.

    Attributes:
        what: for example ``compiling kernels``.
        detail: which one.
    """

    what: str
    detail: str = ""


_listeners: list[Callable[[Notice], None]] = []


def tell(notice: Notice) -> None:
    """Say it to all who listen."""
    for listener in tuple(_listeners):
        listener(notice)


@contextmanager
def heard_by(listener: Callable[[Notice], None]) -> Iterator[None]:
    """Within, every notice of this process and its workers is handed to ``listener``."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
