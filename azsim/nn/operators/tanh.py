"""Hyperbolic tangent, by a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

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
from azsim.nn.graph.table_function import table_execution
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.program import Stage, VectorWork


@operator("tanh")
@dataclass(frozen=True)
class Tanh(Operator):
    """``tanh x`` of each element: to Q4.11, the table, Q0.15 to the output's grid."""

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and inputs[0].holds == "values", "takes one tensor of values")
        return inputs

    def operand(self, index: int) -> Operand:
        return "gate"

    def float(self, at: FloatNode) -> Execution:
        return stateless(np.tanh)

    def integer(self, at: IntegerNode) -> Execution:
        return table_execution("tanh", at)

    def lower(self, at: LoweredNode) -> tuple[Stage, ...]:
        size = at.outputs[0].size
        return (Stage(at.name, (), (VectorWork("tanh", size), VectorWork("multiply-add", size))),)
