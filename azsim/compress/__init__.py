"""Quantise, prune, encode, decode. Hands on a `CompressedNetwork`: bitstreams and what they decode to."""

from __future__ import annotations

import sys
from types import ModuleType

from azsim.compress.codecs import codecs, decode, encode
from azsim.compress.network import CompressedNetwork
from azsim.compress.recipe import MatrixRecipe, compress

__all__ = ["CompressedNetwork", "MatrixRecipe", "codecs", "compress", "decode", "encode"]


class _Callable(ModuleType):
    """``azsim.compress(network, ...)`` is the function, ``azsim.compress.codecs`` is inside: one name, both."""

    __call__ = staticmethod(compress)


sys.modules[__name__].__class__ = _Callable
