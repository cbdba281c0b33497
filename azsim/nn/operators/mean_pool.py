"""Mean over time: of every so many steps, or of all so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.compiled import njit
from azsim.nn.fixed_point import requantise
from azsim.nn.graph.arithmetic import pair
from azsim.nn.graph.operator import (
    Arrays,
    Execution,
    FloatNode,
    IntegerNode,
    LoweredNode,
    Operator,
    State,
    need,
)
from azsim.nn.graph.quotient import QUOTIENT_BITS, quotient
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork


@operator("mean_pool")
@dataclass(frozen=True)
class MeanPool(Operator):
    """The mean of each element over every ``steps`` steps; with 0, at every step the mean of all so far.

    Integers: exact sums; ``round(sum * 2^8 / n)``, then ``saturate(round(. * m / 2^s))``.

    Attributes:
        steps: joined to one, 0 for all since the start.
    """

    steps: int = 0

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and inputs[0].holds == "values", "takes one tensor of values")
        need(self.steps >= 0, f"steps = {self.steps}: must not be negative")
        return (inputs[0].slower(max(self.steps, 1)),)

    def float(self, at: FloatNode) -> Execution:
        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            count, total = int(state[0]), state[1].copy()
            outputs = []
            for step in inputs[0]:
                count, total = count + 1, total + step
                if count == self.steps or not self.steps:
                    outputs.append((total / count).astype(np.float32))
                if count == self.steps:
                    count, total = 0, np.zeros_like(total)
            out = np.array(outputs, np.float32).reshape(-1, *at.outputs[0].shape)
            return (out,), (np.array(count), total)

        return Execution((np.array(0), np.zeros(at.inputs[0].shape, np.float64)), run)

    def integer(self, at: IntegerNode) -> Execution:
        source, target, size = at.inputs[0], at.target(), at.inputs[0].size
        factor = pair(at.grid().scale * 2.0**-QUOTIENT_BITS / target.scale)

        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            count, total = int(state[0]), state[1].copy()
            steps = np.ascontiguousarray(inputs[0]).reshape(-1, size)
            out = np.empty((len(steps) if not self.steps else (count + len(steps)) // self.steps, size), target.dtype)
            count = mean_steps(steps, self.steps, count, total, factor, target.lowest, target.limit, out)
            return (out.reshape(-1, *source.shape),), (np.array(count), total)

        return Execution((np.array(0), np.zeros(size, np.int64)), run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        size = at.inputs[0].size
        work = VectorWork("multiply-add", size * (max(self.steps, 1) + 1))
        return (ProgramStage(at.name, (), (work, VectorWork("divide", size))),)


@njit(cache=True, nogil=True)
def mean_steps(
    steps: np.ndarray,
    every: int,
    count: int,
    total: np.ndarray,
    factor: np.ndarray,
    low: int,
    high: int,
    out: np.ndarray,
) -> int:
    """Sum up steps ``(n, size)`` into ``total``, write the means that are due; how many steps are summed afterwards."""
    written = 0
    for k in range(steps.shape[0]):
        count += 1
        for j in range(total.size):
            total[j] += steps[k, j]
        if count == every or every == 0:
            for j in range(total.size):
                result = requantise(quotient(total[j], count), factor[0], factor[1])
                out[written, j] = min(max(result, low), high)
            written += 1
        if count == every:
            count = 0
            total[:] = 0
    return count
