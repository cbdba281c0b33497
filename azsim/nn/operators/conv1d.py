"""Convolution over time: causal, with stride, dilation and groups; the steps that it still needs are carried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.operator import (
    Arrays,
    Execution,
    FloatNode,
    IntegerNode,
    LoweredNode,
    Operand,
    Operator,
    State,
    need,
)
from azsim.nn.graph.sums import SumsTo
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.product import grouped_float, grouped_products
from azsim.nn.program import MatrixUse, ProgramStage, VectorWork

Sums = Callable[[np.ndarray], np.ndarray]
"""From windows ``(n, taps, channels)`` to outputs ``(n, rows)``."""


@operator("conv1d")
@dataclass(frozen=True)
class Conv1d(Operator):
    """``(channels,)`` at each step to ``(rows,)`` at every ``stride``-th.

    Output ``k`` sees the steps up to ``(k + 1) * stride - 1``: ``taps`` of them, ``dilation`` apart, the last one
    there; before the first step lie zeros. ``weights`` are ``(rows, taps * channels / groups)``: for each row its taps
    from the oldest to the newest, in each the channels of its group. Depthwise: as many groups as channels.

    Integers: as a dense layer.

    Attributes:
        taps, stride, dilation: in steps.
        groups: of channels and rows.
    """

    taps: int
    stride: int = 1
    dilation: int = 1
    groups: int = 1

    matrices: ClassVar[tuple[str, ...]] = ("weights",)
    vectors: ClassVar[tuple[str, ...]] = ("bias",)
    optional: ClassVar[tuple[str, ...]] = ("bias",)

    @property
    def context(self) -> int:
        """Steps before the group of an output that it looks back to."""
        return max((self.taps - 1) * self.dilation + 1 - self.stride, 0)

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and len(inputs[0].shape) == 1, "takes one vector")
        need(min(self.taps, self.stride, self.dilation, self.groups) >= 1, "taps, stride, ... must be at least 1")
        channels, (rows, columns) = inputs[0].shape[0], shapes["weights"]
        need(channels % self.groups == rows % self.groups == 0, f"groups {self.groups}: {channels} to {rows} channels")
        wanted = self.taps * channels // self.groups
        need(columns == wanted, f"weights of shape {(rows, columns)}: must have {wanted} columns")
        need(shapes.get("bias", (rows,)) == (rows,), f"bias of shape {shapes.get('bias')}: must be ({rows},)")
        return (inputs[0].of(rows).slower(self.stride),)

    def operand(self, index: int) -> Operand:
        return "product"

    def takes_wide(self, index: int) -> bool:
        return True

    def row_axis(self) -> int | None:
        return 0

    def float(self, at: FloatNode) -> Execution:
        weights, bias = at.parameters["weights"], at.parameters.get("bias", np.float32(0))

        def sums(windows: np.ndarray) -> np.ndarray:
            return grouped_float(weights, windows, self.groups) + bias

        return self._execution(at.inputs[0].shape[0], np.float32, sums)

    def integer(self, at: IntegerNode) -> Execution:
        weights, finish = np.ascontiguousarray(at.weights["weights"].values), SumsTo.of(at, at.weights["weights"])

        def sums(windows: np.ndarray) -> np.ndarray:
            return finish(grouped_products(weights, windows, self.groups))

        return self._execution(at.inputs[0].shape[0], at.grid().dtype, sums)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        use = MatrixUse(at.matrices["weights"], "input", at.operand(), at.passes)
        size = at.outputs[0].size
        return (ProgramStage(at.name, (use,), (*at.joining(size), VectorWork("multiply-add", size))),)

    def _execution(self, channels: int, dtype: type[np.generic], sums: Sums) -> Execution:
        span = self.context + self.stride
        first = span - ((self.taps - 1) * self.dilation + 1)

        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            steps = np.concatenate([state[0], inputs[0]])
            count = max(0, (len(steps) - self.context) // self.stride)
            at = first + self.stride * np.arange(count)[:, None] + self.dilation * np.arange(self.taps)
            return (sums(steps[at]),), (steps[count * self.stride :].copy(),)

        return Execution((np.zeros((self.context, channels), dtype),), run)
