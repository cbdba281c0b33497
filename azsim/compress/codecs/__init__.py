"""Weight codecs: one file each, which registers itself."""

from __future__ import annotations

from azsim.compress.codecs.codec import Codec, Options
from azsim.compress.codecs.description import Description, describe
from azsim.compress.codecs.matrix import decode, decode_tile, encode, encode_like, parse, positions_in, read
from azsim.compress.codecs.registry import codecs, get, register

__all__ = [
    "Codec", "Description", "Options", "codecs", "decode", "decode_tile", "describe", "encode", "encode_like", "get",
    "parse", "positions_in", "read", "register",
]  # fmt: skip
