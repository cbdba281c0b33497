"""The codecs by name and by number."""

from __future__ import annotations

from azsim.compress.codecs.ans import Ans
from azsim.compress.codecs.bitmap import Bitmap
from azsim.compress.codecs.codec import Codec
from azsim.compress.codecs.csc import Csc
from azsim.compress.codecs.golomb import Golomb
from azsim.compress.codecs.huffman import Huffman
from azsim.compress.codecs.packed import Packed
from azsim.compress.codecs.palette import Palette
from azsim.compress.codecs.raw import Raw
from azsim.compress.codecs.run_length import RunLength
from azsim.compress.codecs.zvsv import Zvsv
from azsim.errors import CodecError, InputError, nearest

_CODECS: dict[str, Codec] = {
    codec.name: codec
    for codec in (Raw(), Packed(), Bitmap(), Palette(), Zvsv(), RunLength(), Csc(), Huffman(), Golomb(), Ans())
}


def codecs() -> tuple[str, ...]:
    """Names of all codecs."""
    return tuple(_CODECS)


def register(codec: Codec) -> None:
    """Add a codec; raises `InputError` if its name or number is taken or its number is not 1 to 255."""
    if not 1 <= codec.number <= 255:
        raise InputError(f"codec {codec.name!r}: number {codec.number} is not between 1 and 255")
    for other in _CODECS.values():
        if codec.name == other.name or codec.number == other.number:
            raise InputError(
                f"codec {codec.name!r}, number {codec.number}: taken by {other.name!r}, number {other.number}"
            )
    _CODECS[codec.name] = codec


def get(name: str) -> Codec:
    """The codec called ``name``; raises `InputError` with the nearest spelling."""
    if name not in _CODECS:
        raise InputError(f"codec {name!r} is not known; one of {', '.join(_CODECS)}{nearest(name, _CODECS)}")
    return _CODECS[name]


def by_number(number: int) -> Codec:
    """The codec that headers call ``number``; raises `CodecError`."""
    for codec in _CODECS.values():
        if codec.number == number:
            return codec
    raise CodecError(f"codec number {number} is not known")
