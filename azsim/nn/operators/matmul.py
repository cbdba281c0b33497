"""Product of two tensors, activations with activations: no weights, the lanes take both operands from their memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.arithmetic import pair, rescale_flat
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import (
    Execution,
    FloatNode,
    IntegerNode,
    LoweredNode,
    Operand,
    Operator,
    need,
    stateless,
)
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.product import products
from azsim.nn.program import LaneProduct, ProgramStage, VectorWork


@operator("matmul")
@dataclass(frozen=True)
class Matmul(Operator):
    """``scale * a b``: ``(..., m, k)`` and ``(..., k, n)`` to ``(..., m, n)``; the axes before the last two are alike.

    Integers: int32 sums, ``saturate(round(sum * m / 2^s))``.

    Attributes:
        scale: of the product; it joins the requantisation.
    """

    scale: float = 1.0

    onnx: ClassVar[tuple[str, ...]] = ("MatMul",)

    @classmethod
    def takes_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> bool:
        return not builder.is_constant(node.input(1))

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        builder.shape(node, 0), builder.shape(node, 1)
        builder.add(node, cls(), node.inputs, node.outputs[0])

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 2 and min(len(each.shape) for each in inputs) >= 2, "takes two tensors of two axes or more")
        left, right = inputs
        fits = left.shape[:-2] == right.shape[:-2] and left.shape[-1] == right.shape[-2]
        need(fits and left.period == right.period, f"{left} and {right}: do not multiply")
        return (left.of(*left.shape[:-1], right.shape[-1]),)

    def operand(self, index: int) -> Operand:
        return "product"

    def float(self, at: FloatNode) -> Execution:
        scale = np.float32(self.scale)
        return stateless(lambda left, right: scale * (left @ right))

    def integer(self, at: IntegerNode) -> Execution:
        target = at.target()
        factor = pair(self.scale * at.grid(0).scale * at.grid(1).scale / target.scale)
        shape = at.outputs[0].shape

        def run(left: np.ndarray, right: np.ndarray) -> np.ndarray:
            lefts = left.reshape(-1, *left.shape[-2:])
            rights = np.ascontiguousarray(right.reshape(-1, *right.shape[-2:]).transpose(0, 2, 1))
            sums = np.empty((len(lefts), *shape[-2:]), np.int32)
            for k in range(len(lefts)):
                sums[k] = products(rights[k], lefts[k])
            out = np.empty(sums.shape, target.dtype)
            low, high = target.lowest, target.limit
            rescale_flat(sums.reshape(-1), factor[0], factor[1], low, high, out.reshape(-1))
            return out.reshape(len(left), *shape)

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        vectors, columns = at.inputs[0].shape[-2:]
        ready = "ready" if all(at.ready) else "previous"
        product = LaneProduct(at.inputs[1].size // columns, columns, vectors, operand=ready)
        return (ProgramStage(at.name, (), (VectorWork("multiply-add", at.outputs[0].size),), lane_products=(product,)),)
