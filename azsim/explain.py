"""What is wrong with a tree of values, in words: the first place that does not fit a structure, and what would.

::

    chip.lanes.lanes = 0: must be a whole number from 1 to 65535
    configuration 'int8 raw': weight_bits = 9: must be a whole number from 1 to 8
"""

from __future__ import annotations

import math
import re

from msgspec import inspect as shape

from azsim.errors import nearest


def explain(value: object, expected: shape.Type, at: str = "") -> str | None:
    """The first thing in ``value`` that does not fit ``expected``; None if all of it does.

    Args:
        value: what ``tomllib`` or ``json`` read.
        expected: from ``msgspec.inspect.type_info``.
        at: the dotted key of ``value``.
    """
    if isinstance(expected, shape.UnionType):
        if value is None and any(isinstance(option, shape.NoneType) for option in expected.types):
            return None
        return explain(value, next(option for option in expected.types if not isinstance(option, shape.NoneType)), at)
    if not _fits(value, expected):
        near = nearest(value, expected.values) if isinstance(expected, shape.LiteralType) else ""
        return f"{at.removesuffix(':') or 'the top'} = {shown(value)}: must be {described(expected)}{near}"
    if isinstance(expected, shape.StructType):
        return _explain_table(value, expected, at)
    if isinstance(expected, shape.DictType):
        parts = [(inner, expected.value_type, _joined(at, name)) for name, inner in value.items()]
        names = (explain(name, expected.key_type, f"{at}: a name in it") for name in value)
        return next(filter(None, names), None) or _first(parts)
    if isinstance(expected, shape.VarTupleType | shape.ListType):
        return _first([(inner, expected.item_type, _entry(at, inner, place)) for place, inner in enumerate(value, 1)])
    return None


def _explain_table(value: dict[str, object], expected: shape.StructType, at: str) -> str | None:
    known = sorted(field.encode_name for field in expected.fields)
    for name in value:
        if expected.forbid_unknown_fields and name not in known:
            return f"{_joined(at, name)}: unknown key; there are {', '.join(known)}{nearest(name, known)}"
    for field in expected.fields:
        if field.required and field.encode_name not in value:
            wanted = described(field.type)
            return f"{_joined(at, field.encode_name)}: missing; it must be {wanted}, and has no default"
    present = [field for field in expected.fields if field.encode_name in value]
    return _first([(value[field.encode_name], field.type, _joined(at, field.encode_name)) for field in present])


def _first(parts: list[tuple[object, shape.Type, str]]) -> str | None:
    return next(filter(None, (explain(*part) for part in parts)), None)


def _fits(value: object, expected: shape.Type) -> bool:
    match expected:
        case shape.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _in_range(value, expected)
        case shape.FloatType():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and _is_float(value) and _in_range(value, expected)
        case shape.BoolType():
            return isinstance(value, bool)
        case shape.StrType():
            return isinstance(value, str) and _long_enough(value, expected) and _matches(value, expected.pattern)
        case shape.LiteralType():
            return value in expected.values
        case shape.StructType() | shape.DictType():
            return isinstance(value, dict)
        case shape.VarTupleType() | shape.ListType():
            return isinstance(value, list | tuple) and _long_enough(value, expected)
    return True


def _is_float(value: float) -> bool:
    """Whether a number has a place among the floats: none that is too large, and no nan."""
    try:
        return not math.isnan(value)
    except OverflowError:
        return False


def _in_range(value: float, expected: shape.IntType | shape.FloatType) -> bool:
    return (
        (expected.gt is None or value > expected.gt)
        and (expected.ge is None or value >= expected.ge)
        and (expected.lt is None or value < expected.lt)
        and (expected.le is None or value <= expected.le)
        and (expected.multiple_of is None or value % expected.multiple_of == 0)
    )


def _long_enough(value: str | list[object], expected: shape.StrType | shape.VarTupleType | shape.ListType) -> bool:
    return (expected.min_length or 0) <= len(value) and (
        expected.max_length is None or len(value) <= expected.max_length
    )


def _matches(value: str, pattern: str | None) -> bool:
    return pattern is None or re.search(pattern, value) is not None


def described(expected: shape.Type) -> str:
    """What would be right: ``a whole number from 1 to 65535``."""
    match expected:
        case shape.UnionType():
            return described(next(option for option in expected.types if not isinstance(option, shape.NoneType)))
        case shape.IntType():
            each = f", a multiple of {expected.multiple_of}" if expected.multiple_of else ""
            return f"a whole number{_range(expected)}{each}"
        case shape.FloatType():
            return f"a number{_range(expected)}"
        case shape.BoolType():
            return "true or false"
        case shape.StrType():
            return _described_text(expected)
        case shape.LiteralType():
            return f"one of {', '.join(shown(value) for value in expected.values)}"
        case shape.StructType() | shape.DictType():
            return "a table"
        case shape.VarTupleType() | shape.ListType():
            some = " that is not empty" if expected.min_length else ""
            return f"a list{some}, each entry {described(expected.item_type)}"
    return "something else"


def _described_text(expected: shape.StrType) -> str:
    if expected.min_length and expected.max_length:
        line = " on one line" if expected.pattern else ""
        return f"a text in quotes of {expected.min_length} to {expected.max_length} characters{line}"
    if expected.pattern:
        return "a name of letters, digits, '.', '_' and '-', at most 61, a letter or digit first"
    return "a text in quotes that is not empty" if expected.min_length else "a text in quotes"


def _range(expected: shape.IntType | shape.FloatType) -> str:
    if expected.ge is not None and expected.le is not None:
        return f" from {expected.ge:.15g} to {expected.le:.15g}"
    if expected.ge is not None and expected.lt is not None and isinstance(expected, shape.IntType):
        return f" from {expected.ge} to {expected.lt - 1}"
    words = {"above": expected.gt, "at least": expected.ge, "below": expected.lt, "at most": expected.le}
    stated = [f"{word} {limit:.15g}" for word, limit in words.items() if limit is not None]
    return f" {' and '.join(stated)}" if stated else ""


def shown(value: object) -> str:
    """A value as the user wrote it, cut where it is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    try:
        return cut(repr(value))
    except ValueError:
        return "a whole number of thousands of digits" if isinstance(value, int) else "a list of huge numbers"
    except RecursionError:
        return "something nested too deeply"


def cut(text: str) -> str:
    """At most 80 characters of what a file holds."""
    return text if len(text) <= 80 else f"{text[:77]}..."


def _joined(at: str, name: str) -> str:
    bare = name if re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name) else f'"{cut(name)}"'
    if not at:
        return bare
    return f"{at} {bare}" if at.endswith(":") else f"{at}.{bare}"


def _entry(at: str, value: object, place: int) -> str:
    """An entry of a list as people call it: a table by its name if it has one, anything else by its number from 1."""
    name = value.get("name") if isinstance(value, dict) else None
    return f"{at} {cut(repr(name))}:" if isinstance(name, str) and name else f"entry {place} of {at}:"
