"""Every key of a device file: what it means and does, its unit, its range, its default, and what ``az1`` has.

    python -m azsim.devices.keys > docs/device-keys.md

The words come from the structures' own docstrings, the ranges from their types.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from msgspec import inspect as shape

from azsim.arbitration import policy_class, policy_names
from azsim.devices.loader import load_device
from azsim.devices.spec import Device
from azsim.explain import described

EXAMPLE = "az1"
INTERNAL = ("memory.options",)
"""Keys that a manifest has and a device file does not."""
_ENTRY = re.compile(r"^ {4}([a-z_0-9]+): (.*?)(?=^ {4}\S|\Z)", re.MULTILINE | re.DOTALL)
_UNITS = (
    ("_pj_per_bit", "pJ per bit"), ("_pj_per_value", "pJ per value"), ("_mw_per_mbps", "mW per Mb/s"),
    ("_uw_per_mhz_v2", "uW per MHz V^2"), ("_mb_per_s", "MB/s"), ("_cycles_per_byte", "cycles per byte"),
    ("_cycles_per_weight", "cycles per weight"),
    ("cycles_per_unit", "cycles per unit"), ("cycles_per_call", "cycles per call"),
    ("_cycles_per_element", "cycles per element"),
    ("_cycles_per_packet", "cycles per packet"), ("_bytes_per_kcycle", "bytes per 1000 cycles"),
    ("_bytes_per_sample", "bytes"), ("bytes_per_cycle", "bytes per cycle"), ("_per_cycle", "per cycle"),
    ("_cycles", "cycles"), ("_bytes", "bytes"), ("_positions", "positions"), ("_mib", "MiB"), ("gbps", "GB/s"),
    ("_mbps", "Mb/s"), ("_kbps", "kb/s"), ("_mhz", "MHz"), ("_hz", "Hz"), ("_pj", "pJ"), ("_mwh", "mWh"),
    ("_mw", "mW"), ("_log2_ns", "log2 of ns"), ("_db", "dB"), ("_v", "V"), ("_ns", "ns"), ("_us", "us"),
    ("_ms", "ms"), ("cycles", "cycles"), ("bytes", "bytes"), ("_columns", "columns"), ("_frames", "samples"),
)  # fmt: skip
"""End of a key's name -> unit, the longest first."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a device file.

    Attributes:
        name: dotted, ``[]`` for each entry of a list.
        meaning: what it is and does.
        unit: empty for what has none.
        allowed: range or choices, in words.
        default: what holds if it is left out, None if it must be given.
        example: what ``az1`` has, None for entries of lists.
    """

    name: str
    meaning: str
    unit: str
    allowed: str
    default: str | None
    example: str | None


def keys() -> list[Key]:
    """Every key, in the order of the structures; tables themselves are left out."""
    tree = msgspec.to_builtins(load_device(EXAMPLE))
    return [key for key in _of_struct(Device, "", tree) if not key.name.startswith(INTERNAL)]


def meanings(kind: type) -> dict[str, str]:
    """Key -> its words in the ``Attributes`` of a structure's docstring."""
    _, _, listed = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")
    return {name: " ".join(words.split()) for name, words in _ENTRY.findall(listed.partition("\n\n")[0] + "\n")}


def _of_struct(kind: type, at: str, example: object) -> Iterator[Key]:
    words = meanings(kind)
    for field in shape.type_info(kind).fields:
        name = f"{at}.{field.encode_name}" if at else field.encode_name
        value = example.get(field.encode_name) if isinstance(example, dict) else None
        inner = _struct_in(field.type)
        if inner is not None:
            yield from _of_struct(inner, name if _is_table(field.type) else f"{name}[]", value)
            continue
        if isinstance(field.type, shape.DictType) and isinstance(field.type.value_type, shape.StructType):
            yield from _of_struct(field.type.value_type.cls, f"{name}.NAME", None)
            continue
        default = None if field.required else _shown(_default(field))
        shown = None if value is None else _shown(value)
        yield Key(name, words.get(field.encode_name, ""), unit_of(name), described(field.type), default, shown)


def _option(policy: type, field: shape.Field) -> Iterator[tuple[str, str, str]]:
    """A policy's option, or the keys of its table for each client: name, meaning, range."""
    each = field.type.value_type if isinstance(field.type, shape.DictType) else None
    if not isinstance(each, shape.StructType):
        yield field.encode_name, _first_paragraph(policy), described(field.type)
        return
    for inner in shape.type_info(each.cls).fields:
        yield f"{field.encode_name}.CLIENT.{inner.encode_name}", _first_paragraph(each.cls), described(inner.type)


def _first_paragraph(kind: type) -> str:
    return " ".join(inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].split()).replace("``", "`")


def _struct_in(kind: shape.Type) -> type | None:
    """The structure of a table, or of the entries of a list of tables."""
    options = kind.types if isinstance(kind, shape.UnionType) else (kind,)
    for option in options:
        if isinstance(option, shape.StructType):
            return option.cls
        if isinstance(option, shape.VarTupleType) and isinstance(option.item_type, shape.StructType):
            return option.item_type.cls
    return None


def _is_table(kind: shape.Type) -> bool:
    options = kind.types if isinstance(kind, shape.UnionType) else (kind,)
    return any(isinstance(option, shape.StructType) for option in options)


def _default(field: shape.Field) -> object:
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()


def _shown(value: object) -> str:
    if value is None or value in ((), {}, []):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def unit_of(name: str) -> str:
    """What a key's name says of its unit."""
    last = name.rpartition(".")[2]
    return next((unit for ending, unit in _UNITS if last.endswith(ending)), "")


def page() -> str:
    """The whole page, Markdown."""
    lines = [
        "# Keys of a device file",
        "",
        "Made by `python -m azsim.devices.keys > docs/device-keys.md` from the structures in `azsim/devices/`.",
        "",
        'A file may begin with `base = "NAME"` (a device, or a `.toml` beside it) and give only what differs: see',
        f"[device.md](device.md). The last column is what `{EXAMPLE}` has; its file says where each number comes from.",
    ]
    table = None
    for key in sorted(keys(), key=lambda key: "." in key.name):
        above, _, last = key.name.rpartition(".")
        if above != table:
            table = above
            many = above.endswith("[]")
            title = f"`[[{above.removesuffix('[]')}]]`, each entry" if many else f"`[{above}]`" if above else "The top"
            heads = f"| key | means | unit | range | default | {EXAMPLE} |"
            lines += ["", f"## {title}", "", heads, "|---|---|---|---|---|---|"]
        cells = (f"`{last}`", key.meaning, key.unit, key.allowed, key.default or "must be given", key.example or "")
        lines.append(f"| {' | '.join(cell.replace('|', ' ') for cell in cells)} |")
    lines += ["", "## Options of arbitration policies, in `[memory]`", ""]
    lines += ["| key | policy | means | unit | range |", "|---|---|---|---|---|"]
    for name in policy_names():
        for field in shape.type_info(policy_class(name)).fields:
            lines += [
                f"| `{key}` | `{name}` | {meaning} | {unit_of(key)} | {allowed} |"
                for key, meaning, allowed in _option(policy_class(name), field)
            ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
