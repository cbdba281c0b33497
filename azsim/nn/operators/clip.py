"""Clip: values held between two limits, as ReLU6 and hard tanh do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.arithmetic import pair, rescale_flat
from azsim.nn.graph.elementwise import Elementwise
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import Execution, GridNode, IntegerNode, LoweredNode, need, stateless
from azsim.nn.graph.tensor import Grid
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork


@operator("clip")
@dataclass(frozen=True)
class Clip(Elementwise):
    """``min(max(x, low), high)``.

    Integers: requantised to a stated grid, else on the input's; held between the limits on that grid.

    Attributes:
        low, high: infinite for none.
    """

    low: float = float("-inf")
    high: float = float("inf")

    onnx: ClassVar[tuple[str, ...]] = ("Clip",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        builder.shape(node)
        low, high = (builder.optional(node, index) for index in (1, 2))
        high_is = float("inf") if high is None else float(high)
        low_is = float("-inf") if low is None else min(float(low), high_is)  # ONNX: the upper limit wins
        builder.add(node, cls(low_is, high_is), node.inputs[:1], node.outputs[0])

    def exact(self, values: np.ndarray) -> np.ndarray:
        return np.clip(values, np.float32(self.low), np.float32(self.high))

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        need(self.low <= self.high, f"low {self.low} above high {self.high}")
        return (at.stated[0] or at.inputs[0],)

    def integer(self, at: IntegerNode) -> Execution:
        target, factor = at.target(), pair(at.grid().scale / at.target().scale)
        limits = np.clip([self.low, self.high], target.lowest * target.scale, target.limit * target.scale)
        low, high = (int(each) for each in target.quantise(limits))

        def run(values: np.ndarray) -> np.ndarray:
            out = np.empty(values.shape, target.dtype)
            rescale_flat(np.ascontiguousarray(values).reshape(-1), factor[0], factor[1], low, high, out.reshape(-1))
            return out

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), (VectorWork("multiply-add", at.outputs[0].size),)),)
