"""Embedding: a row of a matrix, by its index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.errors import InputError
from azsim.nn.graph.arithmetic import Rescale, rescale_rows
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.operator import (
    Execution,
    FloatNode,
    Granularity,
    GridNode,
    IntegerNode,
    LoweredNode,
    Operand,
    Operator,
    need,
    stateless,
)
from azsim.nn.graph.tensor import Grid, Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage


@operator("embedding")
@dataclass(frozen=True)
class Embedding(Operator):
    """Row ``index`` of the matrix: an index of any shape to ``(..., columns)``.

    Integers: the int8 row itself, on the matrix's scale; with several scales, or another grid stated, requantised.
    The processor fetches the row; it does no product.
    """

    matrices: ClassVar[tuple[str, ...]] = ("weights",)

    @property
    def derives(self) -> bool:
        return True

    def scale_groups(self, role: str, rows: int, granularity: Granularity) -> int:
        return 1  # so that rows leave as they are

    onnx: ClassVar[tuple[str, ...]] = ("Gather",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        table = builder.constant(node, 0)
        if node.integer("axis", 0) or table.ndim != 2:
            raise node.refuse(f"axis {node.integer('axis', 0)} of shape {table.shape}: must be rows of a matrix")
        builder.shape(node, 1)
        builder.add(node, cls(), node.inputs[1:], node.outputs[0], {"weights": table})

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and inputs[0].holds == "index", "takes one index")
        return (Tensor((*inputs[0].shape, shapes["weights"][1]), inputs[0].period),)

    def operand(self, index: int) -> Operand:
        return "index"

    def float(self, at: FloatNode) -> Execution:
        weights = at.parameters["weights"]
        return stateless(lambda index: weights[_checked(index, len(weights))])

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        scales = at.weights["weights"].scales
        if at.stated[0] is not None or scales.size > 1:
            return (at.required(),)
        return (Grid(8, float(scales[0])),)

    def integer(self, at: IntegerNode) -> Execution:
        weights, target = at.weights["weights"], at.target()
        rows = np.ascontiguousarray(weights.values)
        if target != Grid(8, float(weights.scales[0])) or weights.scales.size > 1:
            factor, none = Rescale.by(weights.row_scales / target.scale), np.zeros(len(rows), np.int64)
            columns = np.empty((rows.shape[1], rows.shape[0]), target.dtype)
            low, high = target.lowest, target.limit
            rescale_rows(rows.T.copy(), none, factor.multiplier, factor.shift, none, low, high, columns)
            rows = np.ascontiguousarray(columns.T)
        return stateless(lambda index: rows[_checked(index, len(rows))])

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), (), lookup_bytes=at.outputs[0].size),)


def _checked(index: np.ndarray, rows: int) -> np.ndarray:
    if index.size and (index.min() < 0 or index.max() >= rows):
        raise InputError(f"embedding: an index outside 0 to {rows - 1}")
    return index
