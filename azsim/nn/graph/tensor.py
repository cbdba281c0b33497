"""What stands on an edge of a graph: a stream of values of one shape, how often they come, and their integer grid.

::

    tensor "steps"   (192,) every step          tensor "joined"   (1536,) every 2nd step        grid int8, 2^-7 a step
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from azsim.errors import InputError
from azsim.nn.fixed_point import GATE_BITS, INT8_LIMIT, INT16_MAX

Shape = tuple[int, ...]
Holds = Literal["values", "index", "flag"]
GridBits = Literal[8, 16, 32]
INT32_MAX = 2**31 - 1
LIMITS = {8: INT8_LIMIT, 16: INT16_MAX, 32: INT32_MAX}
TYPES = {8: np.int8, 16: np.int16, 32: np.int32}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A stream of arrays of one shape.

    Attributes:
        shape: of one array; ``()`` for a single number.
        period: steps of the graph's inputs from one array to the next; 2 behind a stride of 2, 1/4 where one input
            holds four.
        holds: ``values`` have a grid; an ``index`` points to a row; a ``flag`` is true or false.
    """

    shape: Shape
    period: Fraction = Fraction(1)
    holds: Holds = "values"

    @property
    def size(self) -> int:
        """Elements of one array."""
        size = 1
        for extent in self.shape:
            size *= extent
        return size

    def of(self, *shape: int) -> Tensor:
        """As often, but another shape."""
        return Tensor(tuple(shape), self.period, self.holds)

    def slower(self, times: int | Fraction) -> Tensor:
        """The same shape, ``times`` as seldom."""
        return Tensor(self.shape, self.period * times, self.holds)

    def __str__(self) -> str:
        extents = "x".join(map(str, self.shape)) or "1"
        what = extents if self.holds == "values" else f"{self.holds} {extents}"
        return what if self.period == 1 else f"{what} every {self.period}"


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the integers of a tensor lie: ``value = scale * integer``, zero at zero.

    Attributes:
        bits: 8 (-127 to 127), 16 (-32,768 to 32,767) or 32.
        scale: value of 1, above 0.

    Raises:
        InputError: other bits, or a scale that is not a positive number.
    """

    bits: GridBits
    scale: float

    def __post_init__(self) -> None:
        if self.bits not in LIMITS:
            raise InputError(f"grid: bits = {self.bits}: must be 8, 16 or 32")
        if not 0 < self.scale < float("inf"):
            raise InputError(f"grid: scale = {self.scale}: must be a positive number")

    @property
    def limit(self) -> int:
        """The largest integer."""
        return LIMITS[self.bits]

    @property
    def lowest(self) -> int:
        """The smallest integer: int8 is symmetric."""
        return -self.limit if self.bits == 8 else -self.limit - 1

    @property
    def dtype(self) -> type[np.signedinteger]:
        """NumPy's type of its integers."""
        return TYPES[self.bits]

    def quantise(self, values: np.ndarray) -> np.ndarray:
        """Floats to the nearest integers, halves away from zero, saturated."""
        steps = np.asarray(values, np.float64) / self.scale
        rounded = np.copysign(np.floor(np.abs(steps) + 0.5), steps)
        return np.clip(rounded, self.lowest, self.limit).astype(self.dtype)

    def restore(self, integers: np.ndarray) -> np.ndarray:
        """Integers back to float64 values."""
        return np.asarray(integers, np.float64) * self.scale

    def __str__(self) -> str:
        return f"int{self.bits} x {self.scale:.6g}"


GATE_GRID = Grid(16, 2.0**-GATE_BITS)
"""Q4.11, what the function tables take."""


def power_of_two_bits(scale: float) -> int | None:
    """``b`` where the scale is ``2**-b``, None where it is no power of two."""
    mantissa, exponent = np.frexp(scale)
    return int(1 - exponent) if mantissa == 0.5 else None
