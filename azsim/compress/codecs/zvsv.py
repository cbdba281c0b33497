"""`zvsv`: the two-stage codec of the AZ processors, zero values by bitmap, then shared values by palette.

::

    bits ──> zero-value stage: refill zeros from the bitmap ──> shared-value stage: index -> int8 ──> weights

Either stage can be bypassed. **Source:** US 11,537,853.
"""

from __future__ import annotations

import numpy as np

from azsim.compress.codecs.codec import Bypass, distinct
from azsim.compress.codecs.fixed_width import FixedWidth, bits_needed, palette_table, palette_values, two_complement
from azsim.errors import CodecError, InputError

ZERO_VALUE_BYPASSED = 1
SHARED_VALUE_BYPASSED = 2


class Zvsv:
    """``1 + (1 - s) b`` bits per weight with both stages in use.

    With ``weight_bits=8`` the shared-value stage is always bypassed: its
    palette could hold every int8 value and would change nothing.
    """

    name = "zvsv"
    number = 5

    def plan(self, matrix: np.ndarray, weight_bits: int, bypass: Bypass) -> FixedWidth:
        """Collect the palette; raises `InputError` if it cannot hold the values that reach the shared-value stage."""
        options = ZERO_VALUE_BYPASSED if bypass == "zero-value" else 0
        if bypass == "shared-value" or weight_bits == 8:
            return self._coder(8, options | SHARED_VALUE_BYPASSED, b"")
        present = distinct(matrix)
        if not options:
            present = present[present != 0]
        if present.size > 1 << weight_bits:
            kind = "values" if options else "non-zero values"
            raise InputError(
                f"the matrix has {present.size} distinct {kind} but a palette of {weight_bits} bits holds "
                f"{1 << weight_bits}; quantise it to a palette first or use weight_bits={bits_needed(present.size)}"
            )
        return self._coder(weight_bits, options, palette_table(present, weight_bits))

    def restore(self, weight_bits: int, options: int, table: bytes) -> FixedWidth:
        """Set up from a header."""
        if options & ~(ZERO_VALUE_BYPASSED | SHARED_VALUE_BYPASSED):
            raise CodecError(f"zvsv options {options:#04x} are not known; only bits 0 and 1 may be set")
        direct = bool(options & SHARED_VALUE_BYPASSED)
        if len(table) != (0 if direct else 1 << weight_bits) or (weight_bits == 8) != direct:
            raise CodecError(f"zvsv of {weight_bits} bits, options {options}, cannot have a palette of {len(table)}")
        return self._coder(weight_bits, options, table)

    @staticmethod
    def _coder(weight_bits: int, options: int, table: bytes) -> FixedWidth:
        value_of = two_complement(8, 1) if options & SHARED_VALUE_BYPASSED else palette_values(table)
        return FixedWidth(weight_bits, not options & ZERO_VALUE_BYPASSED, value_of, table, options)
