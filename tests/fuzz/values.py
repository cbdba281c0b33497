"""Twenty-five bad values for a key of a TOML file, as the file would hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

BAD_VALUES = (
    '""',
    '"nonsense"',
    '"../../etc/passwd"',
    '"=HYPERLINK(1)"',
    '"a\\nb"',
    '"\\u001b[31mred"',
    '"\\u0000"',
    '"\\uFFFF"',
    f'"{"x" * 3000}"',
    "true",
    "0",
    "-1",
    "1",
    "0.5",
    "-0.0",
    "1e-320",
    "1e308",
    "inf",
    "nan",
    f"{2**63}",
    f"-{2**64}",
    "9" * 400,
    "9" * 5000,
    "[]",
    "{ a = 1 }",
)


def with_value(tree: Mapping[str, Any], key: tuple[str | int, ...], text: str) -> str:
    """The TOML text of a tree with the value at ``key`` replaced by ``text``."""
    return "\n".join(_lines(tree, (), key, text)) + "\n"


def keys_of(tree: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every key of a tree, tables and entries of lists included, as the way to it."""
    entries = tree.items() if isinstance(tree, Mapping) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        yield (*at, key)
        yield from keys_of(value, (*at, key))


def _lines(
    tree: Mapping[str, Any], at: tuple[str | int, ...], changed: tuple[str | int, ...], text: str
) -> Iterator[str]:
    """One dotted line per key: ``"chip"."lanes"."window" = 4``."""
    for key, value in tree.items():
        here = (*at, key)
        name = ".".join(_quoted(str(part)) for part in here)
        if here == changed:
            yield f"{name} = {text}"
        elif isinstance(value, Mapping) and value:
            yield from _lines(value, here, changed, text)
        else:
            yield f"{name} = {_value(value, here, changed, text)}"


def _value(value: object, at: tuple[str | int, ...], changed: tuple[str | int, ...], text: str) -> str:
    if at == changed:
        return text
    if isinstance(value, Mapping):
        parts = [f"{_quoted(key)} = {_value(inner, (*at, key), changed, text)}" for key, inner in value.items()]
        return f"{{ {', '.join(parts)} }}"
    if isinstance(value, list):
        return f"[{', '.join(_value(inner, (*at, index), changed, text) for index, inner in enumerate(value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
