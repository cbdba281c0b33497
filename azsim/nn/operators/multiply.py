"""Multiply: the product of two tensors element by element, or of one and a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.compiled import njit
from azsim.nn.fixed_point import requantise
from azsim.nn.graph.arithmetic import pair
from azsim.nn.graph.broadcast import broadcast, of_both, operands
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import Execution, FloatNode, IntegerNode, LoweredNode, Operator, stateless
from azsim.nn.graph.tensor import Grid, Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork


@operator("multiply")
@dataclass(frozen=True)
class Multiply(Operator):
    """``a * b``, shapes broadcast; ``b`` may be the parameter ``other``.

    Integers: ``saturate(round(a * b * m / 2^s))``; a parameter is int16, its largest size at 32,767.
    """

    vectors: ClassVar[tuple[str, ...]] = ("other",)
    optional: ClassVar[tuple[str, ...]] = ("other",)

    onnx: ClassVar[tuple[str, ...]] = ("Mul", "Div")

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        names = list(node.inputs)
        if builder.is_constant(names[0]) and node.kind == "Mul":
            names.reverse()
        if not builder.is_constant(names[1]):
            if node.kind == "Div":
                raise node.refuse("the divisor must be a constant")
            builder.add(node, cls(), names, node.outputs[0])
            return
        other = np.asarray(builder.constants[names[1]], np.float32)
        if node.kind == "Div" and not other.all():
            raise node.refuse("a divisor is 0")
        other = 1 / other if node.kind == "Div" else other
        builder.add(node, cls(), names[:1], node.outputs[0], {"other": other})

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        return (of_both(inputs, shapes),)

    def float(self, at: FloatNode) -> Execution:
        other = at.parameters.get("other")
        return stateless(lambda *values: np.multiply(*broadcast(operands(values, other), at.outputs[0].shape)))

    def integer(self, at: IntegerNode) -> Execution:
        target, other = at.target(), at.vectors.get("other")
        if other is None:
            constant, second = None, at.grid(1).scale
        else:
            grid = constant_grid(other)
            constant, second = grid.quantise(other), grid.scale
        factor = pair(at.grid(0).scale * second / target.scale)

        def run(*values: np.ndarray) -> np.ndarray:
            left, right = broadcast(operands(values, constant), at.outputs[0].shape)
            out = np.empty(left.shape, target.dtype)
            multiply_flat(left.ravel(), right.ravel(), factor, target.lowest, target.limit, out.reshape(-1))
            return out

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), (VectorWork("multiply-add", at.outputs[0].size),)),)


def constant_grid(values: np.ndarray) -> Grid:
    """The int16 grid whose end is the largest size of a parameter."""
    largest = float(np.abs(values).max(initial=0.0))
    return Grid(16, largest / 32767 if largest else 1.0)


@njit(cache=True, nogil=True)
def multiply_flat(
    left: np.ndarray, right: np.ndarray, factor: np.ndarray, low: int, high: int, out: np.ndarray
) -> None:
    """Two flat arrays and the factor of their products to ``out``."""
    for k in range(out.size):
        result = requantise(np.int64(left[k]) * np.int64(right[k]), factor[0], factor[1])
        out[k] = min(max(result, low), high)
