"""Stack: consecutive steps joined to one, as a time reduction does it."""

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


@operator("stack")
@dataclass(frozen=True)
class Stack(Operator):
    """Every ``steps`` steps as one, on a new first axis: ``(...)`` to ``(steps, ...)``, or joined on the first axis.

    Steps that do not yet fill a group wait for the next. The processor writes them side by side; it costs nothing.

    Attributes:
        steps: joined to one.
        joined: ``(rows, ...)`` becomes ``(steps * rows, ...)``.
    """

    steps: int
    joined: bool = True

    @property
    def moves(self) -> bool:
        return True

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1, "takes one tensor")
        need(self.steps >= 1, f"steps = {self.steps}: must be at least 1")
        shape = inputs[0].shape
        need(bool(shape) or not self.joined, "a single number has no axis to join")
        joined = (self.steps * shape[0], *shape[1:]) if self.joined else (self.steps, *shape)
        return (inputs[0].of(*joined).slower(self.steps),)

    def float(self, at: FloatNode) -> Execution:
        return self._execution(at.inputs[0], at.outputs[0], np.float32)

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        return at.inputs

    def integer(self, at: IntegerNode) -> Execution:
        grid = at.grids[0]
        return self._execution(at.inputs[0], at.outputs[0], np.int64 if grid is None else grid.dtype)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        return ()

    def _execution(self, source: Tensor, target: Tensor, dtype: type[np.generic]) -> Execution:
        dtype = np.bool_ if source.holds == "flag" else dtype
        dtype = np.int64 if source.holds == "index" else dtype

        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            waiting = np.concatenate([state[0], inputs[0]])
            count = len(waiting) // self.steps
            groups = waiting[: count * self.steps].reshape(count, *target.shape)
            return (groups,), (waiting[count * self.steps :].copy(),)

        return Execution((np.zeros((0, *source.shape), dtype),), run)
