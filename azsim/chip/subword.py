"""Sub-word multipliers: an 8-bit multiplier as two of 4 x 8 bits, for weights of at most 4 bits.

::

    8 x 8:   w7..w0 x activation                    one product per cycle and multiplier
    4 x 8:   w3..w0 x activation | v3..v0 x activation      two; both activations keep their 8 bits

The weight buffer then holds two weights per byte, so the window of w bytes shows 2w positions, and 2m of them may be
effectual. Only uniform values qualify, whose b-bit code is the number that is multiplied (times one step per matrix,
which joins the scale of the outputs). What comes out of a palette is int8, however few bits its index has.
"""

from __future__ import annotations

import msgspec

from azsim.compress.codecs import get
from azsim.compress.encoded import Encoded
from azsim.devices.chip_spec import LanesSpec

SUBWORD_BITS = 4


def lanes_for(encoded: Encoded, spec: LanesSpec) -> LanesSpec:
    """The lanes as this matrix finds them: twice the multipliers and window if they do two products at once.

    **Source:** `assumed`; splitting a multiplier by precision is common (Bit Fusion, Sharma et al., ISCA 2018).
    """
    if not spec.subword or get(encoded.codec).grid != "uniform" or encoded.weight_bits > SUBWORD_BITS:
        return spec
    return msgspec.structs.replace(
        spec,
        multipliers_per_lane=2 * spec.multipliers_per_lane,
        window_positions=2 * spec.window_positions,
    )
