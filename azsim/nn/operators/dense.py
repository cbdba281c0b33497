"""Dense layer: a weight matrix on the last axis, and a bias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import (
    Execution,
    FloatNode,
    GridNode,
    IntegerNode,
    LoweredNode,
    Operand,
    Operator,
    need,
    stateless,
)
from azsim.nn.graph.sums import SumsTo
from azsim.nn.graph.tensor import Grid, Shape, Tensor
from azsim.nn.operators.registry import operator, operator_of_kind
from azsim.nn.product import products
from azsim.nn.program import MatrixUse, ProgramStage, VectorWork


@operator("dense")
@dataclass(frozen=True)
class Dense(Operator):
    """``y = W x + b`` on the last axis: ``(..., columns)`` to ``(..., rows)``.

    Integers: int32 sums; to int16, ``saturate(round(sum * m / 2^s) + bias)`` with the bias on the output's grid; to
    int8, ``saturate(round((sum + bias) * m / 2^s))`` with the bias on the grid of the row's sums.

    Attributes:
        sums: the output is the sums themselves (int32, the grid follows from input and weights), as logits are.
    """

    sums: bool = False

    matrices: ClassVar[tuple[str, ...]] = ("weights",)
    vectors: ClassVar[tuple[str, ...]] = ("bias",)
    optional: ClassVar[tuple[str, ...]] = ("bias",)

    @property
    def derives(self) -> bool:
        return self.sums

    onnx: ClassVar[tuple[str, ...]] = ("Gemm", "MatMul")

    @classmethod
    def takes_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> bool:
        return builder.is_constant(node.input(1))

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        weights = builder.constant(node, 1).astype(np.float32)
        if weights.ndim != 2:
            raise node.refuse(f"a constant of shape {weights.shape}: must be a matrix")
        if node.integer("transA", 0):
            raise node.refuse("transA = 1: must be 0")
        weights = node.number("alpha", 1.0) * (weights if node.integer("transB", 0) else weights.T)
        parameters = {"weights": weights}
        builder.shape(node)
        bias = builder.optional(node, 2) if node.kind == "Gemm" else None
        if bias is None:
            builder.add(node, cls(), node.inputs[:1], node.outputs[0], parameters)
            return
        bias = node.number("beta", 1.0) * bias.astype(np.float32)
        if bias.size in (1, len(weights)):
            parameters["bias"] = np.broadcast_to(bias.ravel(), (len(weights),))
            builder.add(node, cls(), node.inputs[:1], node.outputs[0], parameters)
        else:  # one for each row of the input too
            product = builder.between(node, "product")
            builder.add(node, cls(), node.inputs[:1], product, parameters, ".product")
            builder.add(node, operator_of_kind("add")(), (product,), node.outputs[0], {"other": bias})

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and len(inputs[0].shape) >= 1, "takes one tensor of at least one axis")
        rows, columns = shapes["weights"]
        need(inputs[0].shape[-1] == columns, f"input {inputs[0]}: last axis must be {columns}")
        need(shapes.get("bias", (rows,)) == (rows,), f"bias of shape {shapes.get('bias')}: must be ({rows},)")
        return (inputs[0].of(*inputs[0].shape[:-1], rows),)

    def operand(self, index: int) -> Operand:
        return "product"

    def takes_wide(self, index: int) -> bool:
        return not self.sums

    def row_axis(self) -> int | None:
        return -1

    def float(self, at: FloatNode) -> Execution:
        weights, bias = at.parameters["weights"], at.parameters.get("bias", np.float32(0))
        return stateless(lambda values: values @ weights.T + bias)

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        if not self.sums:
            return (at.required(),)
        source = at.inputs[0]
        need(source is not None, "input 0: holds no values")
        return (Grid(32, source.scale * float(at.weights["weights"].scales.max())),)

    def integer(self, at: IntegerNode) -> Execution:
        values = np.ascontiguousarray(at.weights["weights"].values)
        finish = SumsTo.of(at, at.weights["weights"])

        def run(vectors: np.ndarray) -> np.ndarray:
            out = finish(products(values, vectors.reshape(-1, values.shape[1])))
            return out.reshape(*vectors.shape[:-1], len(values))

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        vectors = at.inputs[0].size // at.inputs[0].shape[-1]
        use = MatrixUse(at.matrices["weights"], "input", at.operand(), at.passes * vectors)
        size = at.outputs[0].size
        return (ProgramStage(at.name, (use,), (*at.joining(size), VectorWork("multiply-add", size))),)
