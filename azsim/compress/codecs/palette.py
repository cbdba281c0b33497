"""`palette`: every position as an index of b bits into a palette of 2^b int8 entries."""

from __future__ import annotations

import numpy as np

from azsim.compress.circuit import PARALLEL
from azsim.compress.codecs.codec import Codec, Options, distinct
from azsim.compress.codecs.fixed_width import FixedWidth, bits_needed, palette_table, palette_values
from azsim.compress.codecs.registry import register
from azsim.errors import CodecError, InputError


@register
class Palette(Codec):
    """The shared-value stage alone: b bits per weight, zero is an entry like any other."""

    name = "palette"
    number = 4
    grid = "palette"
    circuit = PARALLEL

    def plan(self, matrix: np.ndarray, weight_bits: int, options: Options) -> FixedWidth:
        """Collect the palette; raises `InputError` if the matrix has more than ``2^weight_bits`` distinct values."""
        table = palette_of(matrix, weight_bits)
        return FixedWidth(weight_bits, skip_zeros=False, value_of=palette_values(table), table=table)

    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> FixedWidth:
        """Set up from a header."""
        if option_byte or len(table) != 1 << weight_bits:
            raise CodecError(f"a palette stream of {weight_bits} bits has {1 << weight_bits} entries, not {len(table)}")
        return FixedWidth(weight_bits, skip_zeros=False, value_of=palette_values(table), table=table)


def palette_of(matrix: np.ndarray, weight_bits: int) -> bytes:
    """The palette that holds every value of an int8 matrix; raises `InputError` if there are more than its entries."""
    present = distinct(matrix)
    if present.size > 1 << weight_bits:
        raise InputError(
            f"the matrix has {present.size} distinct values but a palette of {weight_bits} bits holds "
            f"{1 << weight_bits}; quantise it to a palette first or use weight_bits={bits_needed(present.size)}"
        )
    return palette_table(present, weight_bits)
