"""The codecs by name and by number: every module beside this one is imported at the first look, and registers itself.

::

    @register                      a new codec is one file in this folder and its line in docs/bitstreams.md
    class Mine(Codec): ...
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeVar

from azsim.compress.codecs.codec import Codec
from azsim.errors import CodecError, InputError, nearest

C = TypeVar("C", bound=type[Codec])
_REGISTERED: dict[str, Codec] = {}


def register(codec_class: C) -> C:
    """Class decorator: add a codec.

    Raises:
        InputError: its name or number is another's, or its number is not 1 to 255.
    """
    name, number = codec_class.name, codec_class.number
    if not 1 <= number <= 255:
        raise InputError(f"codec {name!r}: number {number} is not between 1 and 255")
    for other in _REGISTERED.values():
        again = (type(other).__module__, type(other).__qualname__) == (codec_class.__module__, codec_class.__qualname__)
        if (name == other.name or number == other.number) and not again:
            raise InputError(f"codec {name!r}, number {number}: taken by {other.name!r}, number {other.number}")
    _REGISTERED[name] = codec_class()
    return codec_class


def codecs() -> tuple[str, ...]:
    """Names of all codecs, by rising number."""
    return tuple(sorted(_all(), key=lambda name: _all()[name].number))


def get(name: str) -> Codec:
    """The codec called ``name``; raises `InputError` with the nearest spelling."""
    if not isinstance(name, str) or name not in _all():
        raise InputError(f"codec {name!r} is not known; one of {', '.join(codecs())}{nearest(name, codecs())}")
    return _all()[name]


def by_number(number: int) -> Codec:
    """The codec that headers call ``number``; raises `CodecError`."""
    for codec in _all().values():
        if codec.number == number:
            return codec
    raise CodecError(f"codec number {number} is not known")


def _all() -> dict[str, Codec]:
    _import_all()
    return _REGISTERED


@cache
def _import_all() -> None:
    package = __name__.rpartition(".")[0]
    for module in iter_modules(import_module(package).__path__, f"{package}."):
        import_module(module.name)
