"""Threshold: a flag that is true where a number is above a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.nn.graph.operator import (
    Execution,
    FloatNode,
    GridNode,
    IntegerNode,
    LoweredNode,
    Operator,
    need,
    stateless,
)
from azsim.nn.graph.tensor import Grid, Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork


@operator("threshold")
@dataclass(frozen=True)
class Threshold(Operator):
    """``x > limit`` of one number, ``(1,)`` to a flag; integers are compared with the limit on their own grid.

    Attributes:
        limit: in the unit of the input.
    """

    limit: float = 0.0

    @property
    def derives(self) -> bool:
        return True

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and inputs[0].shape == (1,) and inputs[0].holds == "values", "takes one number (1,)")
        return (Tensor((), inputs[0].period, "flag"),)

    def float(self, at: FloatNode) -> Execution:
        limit = np.float32(self.limit)
        return stateless(lambda values: values[:, 0] > limit)

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        return (None,)

    def integer(self, at: IntegerNode) -> Execution:
        limit = at.grid().quantise(np.array(self.limit))
        return stateless(lambda values: values[:, 0] > limit)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return (ProgramStage(at.name, (), (VectorWork("compare", 1),)),)
