"""Unstack: the first axis of each array as steps of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

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
from azsim.nn.program import ProgramStage


@operator("unstack")
@dataclass(frozen=True)
class Unstack(Operator):
    """``(steps, ...)`` becomes ``steps`` arrays ``(...)``, as often again; `stack` without ``joined`` undoes it."""

    @property
    def moves(self) -> bool:
        return True

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and len(inputs[0].shape) >= 1, "takes one tensor of at least one axis")
        steps, *rest = inputs[0].shape
        return (inputs[0].of(*rest).slower(Fraction(1, steps)),)

    def float(self, at: FloatNode) -> Execution:
        return _execution(at.outputs[0].shape)

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        return at.inputs

    def integer(self, at: IntegerNode) -> Execution:
        return _execution(at.outputs[0].shape)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return ()


def _execution(shape: Shape) -> Execution:
    def unstacked(values: np.ndarray) -> np.ndarray:
        return values.reshape(values.shape[0] * values.shape[1], *shape)

    return stateless(unstacked)
