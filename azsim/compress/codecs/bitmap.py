"""`bitmap`: one bit per position says whether it is zero, and eight bits hold each value that is not."""

from __future__ import annotations

import numpy as np

from azsim.compress.codecs.codec import Bypass, refuse_bypass
from azsim.compress.codecs.fixed_width import FixedWidth, two_complement
from azsim.errors import CodecError


class Bitmap:
    """The zero-value stage alone: ``1 + 8 (1 - s)`` bits per weight."""

    name = "bitmap"
    number = 3

    def plan(self, matrix: np.ndarray, weight_bits: int, bypass: Bypass) -> FixedWidth:
        """Hold any int8 matrix; ``weight_bits`` has no influence."""
        refuse_bypass(self.name, bypass)
        return FixedWidth(weight_bits=8, skip_zeros=True, value_of=two_complement(8, 1))

    def restore(self, weight_bits: int, options: int, table: bytes) -> FixedWidth:
        """Set up from a header."""
        if weight_bits != 8 or options or table:
            raise CodecError(f"a bitmap stream of {weight_bits} bits, options {options} and a table is impossible")
        return FixedWidth(weight_bits=8, skip_zeros=True, value_of=two_complement(8, 1))
