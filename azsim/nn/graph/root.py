"""Square roots in integers, with fifteen bits after the point."""

from __future__ import annotations

import numpy as np

from azsim.compiled import njit

ROOT_BITS = 15


@njit(cache=True, nogil=True)
def root(value: int) -> int:
    """``isqrt(value * 4**15)``, rounded down; ``value`` from 0 to 2**32."""
    lifted = np.int64(value) << (2 * ROOT_BITS)
    found = np.int64(np.sqrt(np.float64(lifted)))
    while found * found > lifted:
        found -= 1
    while (found + 1) * (found + 1) <= lifted:
        found += 1
    return found
