"""Names that went: for one release they still answer, with a warning that says the new name and when they stop."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

Class = TypeVar("Class", bound=type)


def renamed(since: str, until: str, **names: str) -> Callable[[Class], Class]:
    """Give a class its attributes of before, too.

    Args:
        since: the version that has the new names.
        until: the version that no longer has the old ones.
        names: old name = new name.
    """

    def decorate(owner: Class) -> Class:
        for old, new in names.items():
            if new not in owner.__annotations__:
                raise AttributeError(f"{owner.__name__}.{new}: there is no such attribute to rename {old} to")
            setattr(owner, old, _alias(owner.__name__, old, new, since, until))
        return owner

    return decorate


def goes(old: str, new: str, since: str, until: str) -> None:
    """Warn the caller of the function that calls this: what it asked for has another name."""
    warnings.warn(f"{old} is {new} since azsim {since}, and goes with {until}", DeprecationWarning, stacklevel=3)


def _alias(owner: str, old: str, new: str, since: str, until: str) -> property:
    def get(instance: object) -> object:
        goes(f"{owner}.{old}", f"{owner}.{new}", since, until)
        return getattr(instance, new)

    return property(get, doc=f"Deprecated: {new}.")
