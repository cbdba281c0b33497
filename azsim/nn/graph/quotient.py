"""Quotients in integers: a mean or a share with eight more bits than its terms, to nearest, halves away from zero."""

from __future__ import annotations

from azsim.compiled import njit

QUOTIENT_BITS = 8


@njit(cache=True, nogil=True)
def quotient(value: int, divisor: int) -> int:
    """``round(value * 2**8 / divisor)``; ``divisor`` is above 0, ``value`` below 2**53 in size."""
    size = ((abs(value) << (QUOTIENT_BITS + 1)) + divisor) // (2 * divisor)
    return size if value >= 0 else -size
