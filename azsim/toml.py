"""TOML in, typed structures out, with errors that name the file, the key, the value and what would be right."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from azsim.errors import InputError, nearest

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """The parsed file.

    Raises:
        InputError: the file is missing, unreadable or not TOML.
    """
    try:
        with open(path, "rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a TOML file: {error}") from None


def convert(tree: dict[str, Any], kind: type[T], path: Path) -> T:
    """Check ``tree`` against the structure ``kind``.

    Raises:
        InputError: unknown key, missing key, wrong type or value out of range.
    """
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {_explain(str(error), tree, kind)}") from None


def _explain(message: str, tree: dict[str, Any], kind: type) -> str:
    """msgspec's message with the key first, the value quoted and the nearest spelling."""
    found = re.match(r"(?P<what>.*?)(?: - at `\$\.?(?P<key>.*)`)?$", message)
    what, key = (found["what"], found["key"] or "") if found else (message, "")
    unknown = re.match(r"Object contains unknown field `(.*)`", what)
    if unknown:
        dotted = f"{key}.{unknown[1]}" if key else unknown[1]
        known = _fields(kind, key)
        return f"{dotted}: unknown key; there are {', '.join(known)}{nearest(unknown[1], known)}"
    missing = re.match(r"Object missing required field `(.*)`", what)
    if missing:
        return f"{key + '.' if key else ''}{missing[1]}: missing; it has no default"
    value = _lookup(tree, key)
    return f"{key} = {value!r}: {what[0].lower()}{what[1:]}"


def _lookup(tree: Any, key: str) -> Any:
    for part in re.findall(r"[^.\[\]]+", key):
        tree = tree[int(part)] if isinstance(tree, list) else tree.get(part) if isinstance(tree, dict) else None
    return tree


def _fields(kind: Any, key: str) -> list[str]:
    """Names of the keys allowed at the place ``key``."""
    info = msgspec.inspect.type_info(kind)
    for part in re.findall(r"[^.\[\]]+|\[[^\]]*\]", key):
        info = _descend(info, part)
    options = getattr(info, "types", (info,))
    return sorted(field.encode_name for option in options for field in getattr(option, "fields", ()))


def _descend(info: Any, part: str) -> Any:
    for option in getattr(info, "types", (info,)):
        if part.startswith("[") or part == "...":
            inner = getattr(option, "item_type", None) or getattr(option, "value_type", None)
        else:
            inner = next((f.type for f in getattr(option, "fields", ()) if f.encode_name == part), None)
        if inner is not None:
            return inner
    return info
