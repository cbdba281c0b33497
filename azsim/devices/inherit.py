"""A device file that says only what differs: ``base = "az1"``, and the keys that are not the base's.

::

    az1.toml ─────────────┐
    mine.toml: base, keys ┴──merge──> the keys of a whole device
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BASE = "base"
_ENGINES = ("lanes", "systolic")


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with what ``own`` says in its place: tables key by key, lists and values whole.

    A chip has one compute engine, so a table of the other one replaces the base's.
    """
    tree = _merged(base, own)
    given = own.get("chip")
    engines = [engine for engine in _ENGINES if isinstance(given, Mapping) and engine in given]
    if len(engines) == 1:
        tree["chip"].pop(_ENGINES[1 - _ENGINES.index(engines[0])], None)
    return tree


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    tree = dict(base)
    for key, value in own.items():
        both = isinstance(value, Mapping) and isinstance(tree.get(key), Mapping)
        tree[key] = _merged(tree[key], value) if both else value
    return tree


def changed_keys(own: Mapping[str, Any], at: str = "") -> list[str]:
    """The dotted keys that a file gives, in its order; a list counts as one."""
    keys = []
    for key, value in own.items():
        dotted = f"{at}.{key}" if at else key
        keys += changed_keys(value, dotted) if isinstance(value, Mapping) and value else [dotted]
    return keys
