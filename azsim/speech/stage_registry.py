"""Which stages there are: one file each in ``stages/``, named as its kind is; imported when it is asked for."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

from azsim.errors import InputError, nearest
from azsim.explain import shown
from azsim.speech import stages
from azsim.speech.stage import Stage
from azsim.toml import convert

Kind = TypeVar("Kind", bound=type[Stage])
_registered: dict[str, type[Stage]] = {}


def stage(kind: str) -> Callable[[Kind], Kind]:
    """Register the options of a stage under the kind that experiment files use."""

    def register(cls: Kind) -> Kind:
        cls.kind = kind
        _registered[kind] = cls
        return cls

    return register


def stage_kinds() -> tuple[str, ...]:
    """The kinds that there are, without importing any."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(stages.__path__)))


def stage_class(kind: str) -> type[Stage]:
    """The options of a kind.

    Raises:
        KeyError: there is none of that name.
    """
    if kind not in _registered and kind in stage_kinds():
        import_module(f"{stages.__name__}.{kind.replace('-', '_')}")
    return _registered[kind]


def stage_of(table: Mapping[str, Any], where: str) -> Stage:
    """A ``[[stage]]`` table as the options of its kind.

    Args:
        table: as it was read.
        where: file and key, for messages.

    Raises:
        InputError: an unknown kind or key, or a value that does not fit.
    """
    if "kind" not in table:
        raise InputError(f"{where}: kind: missing; there are {', '.join(stage_kinds())}")
    kind = table["kind"]
    try:
        cls = stage_class(kind) if isinstance(kind, str) else None
    except KeyError:
        cls = None
    if cls is None:
        near = nearest(kind, stage_kinds()) if isinstance(kind, str) else ""
        raise InputError(f"{where}: kind = {shown(kind)}: must be one of {', '.join(stage_kinds())}{near}")
    return convert({key: value for key, value in table.items() if key != "kind"}, cls, where)


def in_order(chosen: Sequence[Stage]) -> tuple[Stage, ...]:
    """The stages that are on, each behind those that it hears, otherwise as given.

    Raises:
        InputError: two of one name, or some that hear one another.
    """
    left = [one for one in chosen if one.on]
    titles = [one.title for one in left]
    for title in titles:
        if titles.count(title) > 1:
            raise InputError(f"stage {title!r}: used twice; give one of them another name")
    ordered: list[Stage] = []
    while left:
        waiting = {one.kind for one in left}
        ready = next((one for one in left if not waiting & set(one.hears)), None)
        if ready is None:
            raise InputError(f"stages {', '.join(one.title for one in left)}: hear one another; none can come first")
        left.remove(ready)
        ordered.append(ready)
    return tuple(ordered)
