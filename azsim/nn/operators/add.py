"""Add: the sum of two tensors, or of one and a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.compiled import njit
from azsim.nn.graph.arithmetic import pair, rescale
from azsim.nn.graph.broadcast import broadcast, of_both, operands
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import Execution, FloatNode, IntegerNode, LoweredNode, Operator, stateless
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.operators.registry import operator, operator_of_kind
from azsim.nn.program import ProgramStage, VectorWork


@operator("add")
@dataclass(frozen=True)
class Add(Operator):
    """``a + b``, shapes broadcast; ``b`` may be the parameter ``other``.

    Integers: each term is rounded to the output's grid, then the sum saturates once.
    """

    vectors: ClassVar[tuple[str, ...]] = ("other",)
    optional: ClassVar[tuple[str, ...]] = ("other",)

    onnx: ClassVar[tuple[str, ...]] = ("Add", "Sub")

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        names, sign = list(node.inputs), -1.0 if node.kind == "Sub" else 1.0
        if builder.is_constant(names[0]) and node.kind == "Add":
            names.reverse()
        if not builder.is_constant(names[1]) and node.kind == "Sub":
            builder.shape(node, 1)
            turned, less = builder.between(node, "less"), {"other": np.array([-1.0])}
            builder.add(node, operator_of_kind("multiply")(), names[1:], turned, less, ".less")
            names[1] = turned
        if builder.is_constant(names[1]):
            other = {"other": sign * np.asarray(builder.constants[names[1]], np.float32)}
            builder.add(node, cls(), names[:1], node.outputs[0], other)
        else:
            builder.add(node, cls(), names, node.outputs[0])

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        return (of_both(inputs, shapes),)

    def float(self, at: FloatNode) -> Execution:
        other = at.parameters.get("other")
        return stateless(lambda *values: np.add(*broadcast(operands(values, other), at.outputs[0].shape)))

    def integer(self, at: IntegerNode) -> Execution:
        target, other = at.target(), at.vectors.get("other")
        first = pair(at.grid(0).scale / target.scale)
        second = pair(1.0) if other is not None else pair(at.grid(1).scale / target.scale)
        constant = None if other is None else target.quantise(other)

        def run(*values: np.ndarray) -> np.ndarray:
            left, right = broadcast(operands(values, constant), at.outputs[0].shape)
            out = np.empty(left.shape, target.dtype)
            add_flat(left.ravel(), first, right.ravel(), second, target.lowest, target.limit, out.reshape(-1))
            return out

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), (VectorWork("multiply-add", at.outputs[0].size),)),)


@njit(cache=True, nogil=True)
def add_flat(
    left: np.ndarray, first: np.ndarray, right: np.ndarray, second: np.ndarray, low: int, high: int, out: np.ndarray
) -> None:
    """Two flat arrays, each with its multiplier and shift, to ``out``."""
    for k in range(out.size):
        total = rescale(np.int64(left[k]), first[0], first[1]) + rescale(np.int64(right[k]), second[0], second[1])
        out[k] = min(max(total, low), high)
