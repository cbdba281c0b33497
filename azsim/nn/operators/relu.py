"""ReLU, with a slope below zero where it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.compiled import njit
from azsim.nn.fixed_point import requantise
from azsim.nn.graph.arithmetic import pair
from azsim.nn.graph.elementwise import Elementwise
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import Execution, GridNode, IntegerNode, LoweredNode, need, stateless
from azsim.nn.graph.tensor import Grid
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork


@operator("relu")
@dataclass(frozen=True)
class Relu(Elementwise):
    """``x`` above 0, ``slope x`` below.

    Integers: on the input's grid as they are; to another grid that is stated, requantised, each side by its own factor.

    Attributes:
        slope: of what is below 0, 0 to 1.
    """

    slope: float = 0.0

    onnx: ClassVar[tuple[str, ...]] = ("Relu", "LeakyRelu")

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        builder.shape(node)
        slope = node.number("alpha", 0.01) if node.kind == "LeakyRelu" else 0.0
        builder.add(node, cls(slope), node.inputs, node.outputs[0])

    def exact(self, values: np.ndarray) -> np.ndarray:
        return np.where(values > 0, values, np.float32(self.slope) * values)

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        need(0 <= self.slope <= 1, f"slope {self.slope}: must lie in 0 to 1")
        return (at.stated[0] or at.inputs[0],)

    def integer(self, at: IntegerNode) -> Execution:
        source, target = at.grid(), at.target()
        above = pair(source.scale / target.scale)
        below = pair(self.slope * source.scale / target.scale) if self.slope else np.array([0, 1], np.int64)

        def run(values: np.ndarray) -> np.ndarray:
            out = np.empty(values.shape, target.dtype)
            flat = np.ascontiguousarray(values).reshape(-1)
            relu_flat(flat, above, below, target.lowest, target.limit, out.reshape(-1))
            return out

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), (VectorWork("multiply-add", at.outputs[0].size),)),)


@njit(cache=True, nogil=True)
def relu_flat(values: np.ndarray, above: np.ndarray, below: np.ndarray, low: int, high: int, out: np.ndarray) -> None:
    """Each element by the factor of its side."""
    for k in range(values.size):
        factor = above if values[k] > 0 else below
        out[k] = min(max(requantise(np.int64(values[k]), factor[0], factor[1]), low), high)
