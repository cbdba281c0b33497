"""The integer arithmetic of the recogniser: formats, rounding, requantisation and the two function tables.

::

    int8 x int8 ──int32 sum──requantise──> Q4.11 ──table──> Q0.15 ──multiply, shift──> cell (int16), hidden (int8)

Rounding is one rule everywhere: to nearest, halves away from zero. It is
symmetric, so a sign can be flipped before or after, and zero stays zero.

**Source:** multiplier-and-shift requantisation as in Jacob et al. 2018 (arXiv:1712.05877); int16 gates and cell
state as in TensorFlow Lite's integer LSTM; the table layout is ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from azsim.compiled import njit

GATE_BITS = 11  # gate pre-activations and joint sums are int16 with 11 bits after the point: Q4.11
TABLE_BITS = 15  # sigmoid and tanh come out as Q0.15
SEGMENT_BITS = 6  # low bits of a table input that interpolate between two entries
MULTIPLIER_BITS = 31
INT8_LIMIT = 127  # -128 is never used, so the grid is symmetric
INT16_MAX = 32767
INT16_MIN = -32768


@njit(cache=True, nogil=True)
def rounding_shift(value: int, bits: int) -> int:
    """``value / 2**bits`` to nearest, halves away from zero; ``bits`` >= 1, value below 2**62 in size."""
    size = (abs(value) + (1 << (bits - 1))) >> bits
    return size if value >= 0 else -size


@njit(cache=True, nogil=True)
def requantise(accumulator: int, multiplier: int, shift: int) -> int:
    """``accumulator * multiplier / 2**shift``, rounded; the product is held in 64 bits."""
    return rounding_shift(accumulator * multiplier, shift)


@njit(cache=True, nogil=True)
def saturate_int16(value: int) -> int:
    """The nearest value that an int16 holds."""
    return min(max(value, INT16_MIN), INT16_MAX)


@njit(cache=True, nogil=True)
def saturate_int8(value: int) -> int:
    """The nearest value of the symmetric int8 grid, -127 to 127."""
    return min(max(value, -INT8_LIMIT), INT8_LIMIT)


def multiplier_and_shift(scale: float) -> tuple[int, int]:
    """The fixed-point form of a scale: ``scale = multiplier / 2**shift`` with a 31-bit multiplier.

    Args:
        scale: above 0 and below 2**30.

    Raises:
        ValueError: the scale has no such form.
    """
    if not 0.0 < scale < 2.0**30:
        raise ValueError(f"scale {scale}: must lie above 0 and below 2**30")
    fraction, exponent = math.frexp(scale)  # scale = fraction * 2**exponent, fraction in [0.5, 1)
    multiplier = round(fraction * (1 << MULTIPLIER_BITS))
    shift = MULTIPLIER_BITS - exponent
    if shift > 62:  # far below one step: the result is 0 for every accumulator
        return 0, 62
    return multiplier, shift


def quantise_int8(values: np.ndarray, scale: float) -> np.ndarray:
    """Floats on the symmetric int8 grid ``scale * q``, halves away from zero."""
    steps = np.asarray(values, np.float32) / np.float32(scale)
    rounded = np.copysign(np.floor(np.abs(steps) + np.float32(0.5)), steps)
    return np.clip(rounded, -INT8_LIMIT, INT8_LIMIT).astype(np.int8)


def quantise_to(values: np.ndarray, scale: float, limit: int) -> np.ndarray:
    """Floats as int64 multiples of ``scale``, halves away from zero, saturated to +- ``limit``; for biases."""
    steps = np.asarray(values, np.float64) / scale
    rounded = np.copysign(np.floor(np.abs(steps) + 0.5), steps)
    return np.clip(rounded, -limit, limit).astype(np.int64)


TABLES: Mapping[str, Callable[[float], float]] = {
    "sigmoid": lambda x: 1.0 / (1.0 + math.exp(-x)),
    "tanh": math.tanh,
    "normal": lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0)),
    "normal-by-tanh": lambda x: 0.5 + 0.5 * math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)),
    "exp": lambda x: math.exp(min(x, 0.0)),
}
"""What a table may hold, -1 to 1 from -16 to 16. ``normal``: the normal distribution's; ``exp``: 1 from 0 on."""


def table_entries(function: str) -> np.ndarray:
    """What the chip's table holds: 1025 int16 values in Q0.15, one every 1/32 from -16 to 16.

    Args:
        function: a name in `TABLES`.
    """
    step = 2.0 ** (SEGMENT_BITS - GATE_BITS)
    exact = [TABLES[function](step * i) for i in range(-512, 513)]
    return quantise_to(np.array(exact), 2.0**-TABLE_BITS, INT16_MAX).astype(np.int16)


@lru_cache(maxsize=8)
def expanded_table(function: str) -> np.ndarray:
    """The interpolated table for each of the 65,536 inputs: index is the Q4.11 input plus 32,768, values Q0.15.

    Between entries ``a`` and ``b`` with low bits ``f`` the value is ``a + ((b - a) * f) / 64``, rounded as always.
    """
    entries = table_entries(function).astype(np.int64)
    index = np.arange(1 << 16)
    segment, low = index >> SEGMENT_BITS, index & ((1 << SEGMENT_BITS) - 1)
    slope = (entries[segment + 1] - entries[segment]) * low
    part = (np.abs(slope) + (1 << (SEGMENT_BITS - 1))) >> SEGMENT_BITS
    table = (entries[segment] + np.where(slope >= 0, part, -part)).astype(np.int16)
    table.flags.writeable = False
    return table
