"""`zvsv`: the two-stage codec of the AZ processors, zero values by bitmap, then shared values by palette.

::

    bits ──> zero-value stage: refill zeros from the bitmap ──> shared-value stage: index -> int8 ──> weights

Either stage can be bypassed. **Source:** US 11,537,853.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from azsim.compress.circuit import PARALLEL
from azsim.compress.codecs.codec import Codec, Options, distinct
from azsim.compress.codecs.fixed_width import FixedWidth, bits_needed, palette_table, palette_values, two_complement
from azsim.compress.codecs.registry import register
from azsim.errors import CodecError, InputError

ZERO_VALUE_BYPASSED = 1
SHARED_VALUE_BYPASSED = 2


class ZvsvOptions(Options, frozen=True, forbid_unknown_fields=True):
    """The choices of `zvsv`.

    Attributes:
        bypass: a stage to leave out.
    """

    bypass: Literal["none", "zero-value", "shared-value"] = "none"


@register
class Zvsv(Codec):
    """``1 + (1 - s) b`` bits per weight with both stages in use.

    With ``weight_bits=8`` the shared-value stage is always bypassed: its
    palette could hold every int8 value and would change nothing.
    """

    name = "zvsv"
    number = 5
    grid = "palette"
    zero_is_free = True
    circuit = PARALLEL
    options_type = ZvsvOptions

    def plan(self, matrix: np.ndarray, weight_bits: int, options: ZvsvOptions) -> FixedWidth:
        """Collect the palette; raises `InputError` if it cannot hold the values that reach the shared-value stage."""
        option_byte = ZERO_VALUE_BYPASSED if options.bypass == "zero-value" else 0
        if options.bypass == "shared-value" or weight_bits == 8:
            return self._coder(8, option_byte | SHARED_VALUE_BYPASSED, b"")
        present = distinct(matrix)
        if not option_byte:
            present = present[present != 0]
        if present.size > 1 << weight_bits:
            kind = "values" if option_byte else "non-zero values"
            raise InputError(
                f"the matrix has {present.size} distinct {kind} but a palette of {weight_bits} bits holds "
                f"{1 << weight_bits}; quantise it to a palette first or use weight_bits={bits_needed(present.size)}"
            )
        return self._coder(weight_bits, option_byte, palette_table(present, weight_bits))

    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> FixedWidth:
        """Set up from a header."""
        if option_byte & ~(ZERO_VALUE_BYPASSED | SHARED_VALUE_BYPASSED):
            raise CodecError(f"zvsv options {option_byte:#04x} are not known; only bits 0 and 1 may be set")
        direct = bool(option_byte & SHARED_VALUE_BYPASSED)
        if len(table) != (0 if direct else 1 << weight_bits) or (weight_bits == 8) != direct:
            raise CodecError(f"zvsv of {weight_bits} bits, options {option_byte}, cannot have {len(table)} entries")
        return self._coder(weight_bits, option_byte, table)

    def frees_zero(self, options: ZvsvOptions) -> bool:
        """The bitmap holds the zeros, if its stage is there."""
        return options.bypass != "zero-value"

    def suited_options(self, zero_share: float, weight_bits: int) -> ZvsvOptions:
        """No zero-value stage where the bitmap would cost more than it saves."""
        return ZvsvOptions("zero-value" if zero_share * weight_bits < 1 else "none")

    def options_like(self, option_byte: int) -> ZvsvOptions:
        """The stage that was bypassed; the bits say it of the shared-value stage."""
        return ZvsvOptions("zero-value" if option_byte & ZERO_VALUE_BYPASSED else "none")

    @staticmethod
    def _coder(weight_bits: int, option_byte: int, table: bytes) -> FixedWidth:
        value_of = two_complement(8, 1) if option_byte & SHARED_VALUE_BYPASSED else palette_values(table)
        return FixedWidth(weight_bits, not option_byte & ZERO_VALUE_BYPASSED, value_of, table, option_byte)
