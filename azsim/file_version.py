"""Which version of a file format a file has: one that a newer azsim wrote is refused by name.

The names of formats end in their number (``AZM1``), or the number stands in a key ``format``. What an older azsim wrote
is read: ``tests/compatibility`` keeps such files.
"""

from __future__ import annotations

import msgspec

from azsim import __version__
from azsim.errors import CodecError, InputError


class _Numbered(msgspec.Struct):
    format: int


def check_magic(what: str, found: bytes, known: bytes) -> None:
    """Refuse a file that does not begin with the name of its format.

    Raises:
        CodecError: it is none, or newer.
    """
    if found == known:
        return
    if found[:-1] == known[:-1] and found[-1:].isdigit():
        raise CodecError(_newer(f"{what} of format {found.decode()}", known.decode()))
    raise CodecError(f"not a {what}: it starts with {bytes(found)!r}, not {known!r}")


def check_number(what: str, text: bytes | memoryview | str, known: int) -> None:
    """Refuse JSON whose key ``format`` is higher than is known, whatever else it holds; nothing else is checked.

    Raises:
        InputError: it is newer.
    """
    try:
        found = msgspec.json.decode(text, type=_Numbered).format
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return  # is refused where all of it is read
    if found > known:
        raise InputError(_newer(f"{what} of format {found}", f"format {known}"))


def _newer(found: str, known: str) -> str:
    return f"{found}: made by a newer azsim; this one, {__version__}, reads {known}"
