"""Base of operators that only move values to other places: one tensor in, one out, on the same grid."""

from __future__ import annotations

from collections.abc import Mapping

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
from azsim.nn.program import ProgramStage


class Moving(Operator):
    """Moves values; the processor does it with addresses, for nothing, unless a subclass says otherwise."""

    def moved(self, shape: Shape) -> Shape:
        """The shape of one array afterwards.

        Raises:
            InputError: the operator does not fit it.
        """
        raise NotImplementedError

    def move(self, values: np.ndarray, target: Shape) -> np.ndarray:
        """``(n, *shape)`` to ``(n, *target)``."""
        raise NotImplementedError

    @property
    def moves(self) -> bool:
        return True

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1, "takes one tensor")
        return (inputs[0].of(*self.moved(inputs[0].shape)),)

    def float(self, at: FloatNode) -> Execution:
        target = at.outputs[0].shape
        return stateless(lambda values: self.move(values, target))

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        return at.inputs

    def integer(self, at: IntegerNode) -> Execution:
        target = at.outputs[0].shape
        return stateless(lambda values: self.move(values, target))

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return ()
