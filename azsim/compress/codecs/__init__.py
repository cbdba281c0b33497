"""Weight codecs: one file each, one registry."""

from __future__ import annotations

from azsim.compress.codecs.description import Description, describe
from azsim.compress.codecs.matrix import decode, decode_tile, encode, parse
from azsim.compress.codecs.registry import codecs, get, register

__all__ = ["Description", "codecs", "decode", "decode_tile", "describe", "encode", "get", "parse", "register"]
