"""The rules of docs/graph.md and docs/integer.md once more, in plain Python integers: slow, written from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

Row = Sequence[int]


def nearest(numerator: int, denominator: int) -> int:
    """The quotient to nearest, halves away from zero."""
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size


def clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def saturate(value: int, bits: int) -> int:
    return clamp(value, *{8: (-127, 127), 16: (-32768, 32767), 32: (-(2**31), 2**31 - 1)}[bits])


@cache
def fixed(scale: float) -> Fraction:
    """A factor as a 31-bit multiplier over a power of two; 0 below 2**-32."""
    fraction, exponent = math.frexp(scale)
    return Fraction(0) if 31 - exponent > 62 else Fraction(round(fraction * 2**31), 2**31) * Fraction(2) ** exponent


def times(value: int, scale: float) -> int:
    """``round(value * m / 2^s)``."""
    factor = fixed(scale)
    return nearest(value * factor.numerator, factor.denominator)


EXACT = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "normal": lambda x: 0.5 * math.erfc(-x / math.sqrt(2)),
    "normal-by-tanh": lambda x: 0.5 + 0.5 * math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)),
    "exp": lambda x: math.exp(min(x, 0)),
}


@cache
def entry(function: str, i: int) -> int:
    """One of the 1025 values of a table, Q0.15."""
    value = Fraction(EXACT[function]((i - 512) / 32)) * 2**15
    return clamp(nearest(value.numerator, value.denominator), -32767, 32767)


def table(function: str, argument: int) -> int:
    """Q4.11 in, Q0.15 out: a straight line between two entries."""
    segment, low = divmod(argument + 32768, 64)
    below, above = entry(function, segment), entry(function, segment + 1)
    return below + nearest((above - below) * low, 64)


def gate(value: int, scale: float) -> int:
    """Any grid to Q4.11."""
    return saturate(times(value, scale / 2**-11), 16)


def on_grid(value: float, scale: float, limit: int) -> int:
    steps = Fraction(value) / Fraction(scale)
    return clamp(nearest(steps.numerator, steps.denominator), -limit, limit)


def dot(row: Row, vector: Row) -> int:
    return sum(int(a) * int(b) for a, b in zip(row, vector, strict=True))


def finished(
    sums: Row, source: float, scales: Sequence[float], target: float, bits: int, bias: Sequence[float] | None, columns=0
) -> list[int]:
    """Sums of products to an output: the bias after rounding, to int8 before it where it fits there."""
    out = []
    for r, total in enumerate(sums):
        of_sums, own = source * scales[r], 0.0 if bias is None else float(bias[r])
        if bits == 8 and abs(own) < 2**30 * of_sums:
            out.append(saturate(times(total + on_grid(own, of_sums, 2**30), of_sums / target), 8))
        else:
            limit = {8: 2**30, 16: 2**30, 32: 2**31 - 1 - 127 * 128 * columns}[bits]
            out.append(saturate(times(total, of_sums / target) + on_grid(own, target, limit), bits))
    return out


def root(value: int) -> int:
    return math.isqrt(value)
