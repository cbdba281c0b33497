"""Last of: every so many steps, the last one; the others are dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.nn.graph.operator import (
    Arrays,
    Execution,
    FloatNode,
    GridNode,
    IntegerNode,
    LoweredNode,
    Operator,
    State,
    need,
)
from azsim.nn.graph.tensor import Grid, Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage


@operator("last_of")
@dataclass(frozen=True)
class LastOf(Operator):
    """The last of every ``steps`` steps, of the same shape.

    Attributes:
        steps: of which one is kept.
    """

    steps: int

    @property
    def moves(self) -> bool:
        return True

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1, "takes one tensor")
        need(self.steps >= 1, f"steps = {self.steps}: must be at least 1")
        return (inputs[0].slower(self.steps),)

    def float(self, at: FloatNode) -> Execution:
        return self._execution()

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        return at.inputs

    def integer(self, at: IntegerNode) -> Execution:
        return self._execution()

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return ()

    def _execution(self) -> Execution:
        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            seen = int(state[0])
            return (inputs[0][self.steps - 1 - seen :: self.steps],), (np.array((seen + len(inputs[0])) % self.steps),)

        return Execution((np.array(0),), run)
