"""ReLU, with a ceiling or a slope where they are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.compiled import njit
from azsim.nn.fixed_point import requantise
from azsim.nn.graph.arithmetic import pair
from azsim.nn.graph.elementwise import Elementwise
from azsim.nn.graph.operator import Execution, GridNode, IntegerNode, LoweredNode, need, stateless
from azsim.nn.graph.tensor import Grid
from azsim.nn.operators.registry import operator
from azsim.nn.program import Stage, VectorWork


@operator("relu")
@dataclass(frozen=True)
class Relu(Elementwise):
    """``x`` above 0, ``slope x`` below, at most ``ceiling``.

    Integers: on the input's grid as they are; to another grid that is stated, requantised, each side by its own factor.

    Attributes:
        ceiling: 6 for ReLU6; infinite for none.
        slope: of what is below 0, 0 to 1.
    """

    ceiling: float = float("inf")
    slope: float = 0.0

    def exact(self, values: np.ndarray) -> np.ndarray:
        leaked = np.where(values > 0, values, np.float32(self.slope) * values)
        return np.minimum(leaked, np.float32(self.ceiling))

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        need(0 <= self.slope <= 1 and self.ceiling > 0, "slope must lie in 0 to 1, ceiling above 0")
        return (at.stated[0] or at.inputs[0],)

    def integer(self, at: IntegerNode) -> Execution:
        source, target = at.grid(), at.target()
        above = pair(source.scale / target.scale)
        below = pair(self.slope * source.scale / target.scale) if self.slope else np.array([0, 1], np.int64)
        top = target.limit
        if self.ceiling < float("inf"):
            top = int(Grid(target.bits, target.scale).quantise(np.array(self.ceiling)))

        def run(values: np.ndarray) -> np.ndarray:
            out = np.empty(values.shape, target.dtype)
            relu_flat(np.ascontiguousarray(values).reshape(-1), above, below, target.lowest, top, out.reshape(-1))
            return out

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[Stage, ...]:
        return (Stage(at.name, (), (VectorWork("multiply-add", at.outputs[0].size),)),)


@njit(cache=True, nogil=True)
def relu_flat(
    values: np.ndarray, above: np.ndarray, below: np.ndarray, low: int, high: int, out: np.ndarray
) -> None:
    """Each element by the factor of its side."""
    for k in range(values.size):
        factor = above if values[k] > 0 else below
        out[k] = min(max(requantise(np.int64(values[k]), factor[0], factor[1]), low), high)
