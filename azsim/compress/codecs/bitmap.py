"""`bitmap`: one bit per position says whether it is zero, and eight bits hold each value that is not."""

from __future__ import annotations

import numpy as np

from azsim.compress.circuit import PARALLEL
from azsim.compress.codecs.codec import Codec, Options
from azsim.compress.codecs.fixed_width import FixedWidth, two_complement
from azsim.compress.codecs.registry import register
from azsim.errors import CodecError


@register
class Bitmap(Codec):
    """The zero-value stage alone: ``1 + 8 (1 - s)`` bits per weight."""

    name = "bitmap"
    number = 3
    grid = "uniform"
    weight_bits = range(8, 9)
    circuit = PARALLEL

    def plan(self, matrix: np.ndarray, weight_bits: int, options: Options) -> FixedWidth:
        """Hold any int8 matrix; ``weight_bits`` has no influence."""
        return FixedWidth(weight_bits=8, skip_zeros=True, value_of=two_complement(8, 1))

    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> FixedWidth:
        """Set up from a header."""
        if weight_bits != 8 or option_byte or table:
            raise CodecError(f"a bitmap stream of {weight_bits} bits, options {option_byte} and a table is impossible")
        return FixedWidth(weight_bits=8, skip_zeros=True, value_of=two_complement(8, 1))
