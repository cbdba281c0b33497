"""Quantise, prune, encode, decode. Hands on a `CompressedNetwork`: bitstreams and what they decode to."""

from __future__ import annotations

from azsim.compress.codecs import codecs, decode, encode
from azsim.compress.network import CompressedNetwork
from azsim.compress.recipe import MatrixRecipe, compress

__all__ = ["CompressedNetwork", "MatrixRecipe", "codecs", "compress", "decode", "encode"]
