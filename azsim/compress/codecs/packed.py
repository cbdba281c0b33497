"""`packed`: every position as a signed number of b bits, times one step for the whole matrix."""

from __future__ import annotations

import numpy as np

from azsim.compress.circuit import PARALLEL
from azsim.compress.codecs.codec import Codec, Options, distinct
from azsim.compress.codecs.fixed_width import FixedWidth, two_complement
from azsim.compress.codecs.registry import register
from azsim.errors import CodecError, InputError


@register
class Packed(Codec):
    """Uniform values ``step * q`` with ``-2^(b-1) <= q < 2^(b-1)``: b bits per weight.

    The step is 1 where the values fit without one, else their greatest common
    divisor, so that decoding is exact. It is the table: one byte, 1 to 128.
    """

    name = "packed"
    number = 2
    grid = "uniform"
    circuit = PARALLEL

    def plan(self, matrix: np.ndarray, weight_bits: int, options: Options) -> FixedWidth:
        """Find the step; raises `InputError` if the values need more than ``weight_bits`` bits."""
        present = distinct(matrix)
        low, high = int(present[0]), int(present[-1])
        half = 1 << (weight_bits - 1)
        step = 1 if -half <= low and high < half else int(np.gcd.reduce(present))
        if low < -half * step or high > (half - 1) * step:
            raise InputError(
                f"values {low} to {high} in steps of {step} do not fit the {weight_bits} bits of codec 'packed' "
                f"({-half * step} to {(half - 1) * step}); quantise to fewer bits or raise weight_bits (8 always fits)"
            )
        return self._coder(weight_bits, step)

    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> FixedWidth:
        """Set up from a header."""
        if option_byte or len(table) != 1 or not 1 <= table[0] <= 128:
            raise CodecError("a packed stream has no options and a table of one byte, the step from 1 to 128")
        return self._coder(weight_bits, table[0])

    @staticmethod
    def _coder(weight_bits: int, step: int) -> FixedWidth:
        value_of = two_complement(weight_bits, step)
        return FixedWidth(weight_bits, skip_zeros=False, value_of=value_of, table=bytes([step]))
