"""Statistics pooling, as speaker embeddings have it: mean and standard deviation over time, one behind the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.compiled import njit
from azsim.errors import InputError
from azsim.nn.fixed_point import requantise
from azsim.nn.graph.arithmetic import pair
from azsim.nn.graph.normalise import integer_root
from azsim.nn.graph.operator import (
    Arrays,
    Execution,
    FloatNode,
    IntegerNode,
    LoweredNode,
    Operand,
    Operator,
    State,
    need,
)
from azsim.nn.graph.quotient import QUOTIENT_BITS, quotient
from azsim.nn.graph.tensor import Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork

MOST_STEPS = 2**22
"""Whose sums of squares, times their number, stay below 2**62."""


@operator("statistics_pool")
@dataclass(frozen=True)
class StatisticsPool(Operator):
    """``(size,)`` to ``(2 size,)``: mean, then deviation, of all steps so far or of every ``steps``.

    The deviation divides by the number of steps. Integers: sums S and sums of squares Q of the int8 input,
    ``m = round(S * 2^8 / n)``, ``d = round(isqrt(V * 4^k) * 2^8 / (n * 2^k))`` with ``V = n Q - S^2`` and ``V * 4^k``
    in 2^60 to 2^62; both are requantised by the same factor.

    Attributes:
        steps: joined to one, 0 for all since the start, at every step.
    """

    steps: int = 0

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and len(inputs[0].shape) == 1 and inputs[0].holds == "values", "takes one vector")
        need(self.steps >= 0, f"steps = {self.steps}: must not be negative")
        return (inputs[0].of(2 * inputs[0].shape[0]).slower(max(self.steps, 1)),)

    def operand(self, index: int) -> Operand:
        return "product"

    def float(self, at: FloatNode) -> Execution:
        size = at.inputs[0].size

        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            count, sums = int(state[0]), state[1].copy()
            outputs = []
            for step in inputs[0].astype(np.float64):
                count, sums = count + 1, sums + np.stack([step, step * step])
                if count == self.steps or not self.steps:
                    mean, squares = sums / count
                    outputs.append(np.concatenate([mean, np.sqrt(np.maximum(squares - mean * mean, 0))]))
                if count == self.steps:
                    count, sums = 0, np.zeros_like(sums)
            return (np.array(outputs, np.float32).reshape(-1, 2 * size),), (np.array(count), sums)

        return Execution((np.array(0), np.zeros((2, size), np.float64)), run)

    def integer(self, at: IntegerNode) -> Execution:
        target, size = at.target(), at.inputs[0].size
        factor = pair(at.grid().scale * 2.0**-QUOTIENT_BITS / target.scale)

        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            count, sums, steps = int(state[0]), state[1].copy(), inputs[0]
            if count + len(steps) > MOST_STEPS:
                raise InputError(f"{at.where}: statistics of more than {MOST_STEPS:,} steps")
            due = len(steps) if not self.steps else (count + len(steps)) // self.steps
            out = np.empty((due, 2 * size), target.dtype)
            count = statistics_steps(steps, self.steps, count, sums, factor, target.lowest, target.limit, out)
            return (out,), (np.array(count), sums)

        return Execution((np.array(0), np.zeros((2, size), np.int64)), run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        size = at.inputs[0].size
        work = VectorWork("multiply-add", size * (2 * max(self.steps, 1) + 3))
        return (ProgramStage(at.name, (), (work, VectorWork("divide", 2 * size), VectorWork("square-root", size))),)


@njit(cache=True, nogil=True)
def statistics_steps(
    steps: np.ndarray,
    every: int,
    count: int,
    sums: np.ndarray,
    factor: np.ndarray,
    low: int,
    high: int,
    out: np.ndarray,
) -> int:
    """Sum up steps ``(n, size)``, write the statistics that are due; how many steps are summed afterwards."""
    written, size = 0, steps.shape[1]
    for k in range(steps.shape[0]):
        count += 1
        for j in range(size):
            value = np.int64(steps[k, j])
            sums[0, j] += value
            sums[1, j] += value * value
        if count == every or every == 0:
            for j in range(size):
                mean = quotient(sums[0, j], count)
                spread, doublings = count * sums[1, j] - sums[0, j] * sums[0, j], 0
                while 0 < spread < np.int64(1) << 60:
                    spread <<= 2
                    doublings += 1
                deviation = quotient(integer_root(spread), np.int64(count) << doublings)
                out[written, j] = min(max(requantise(mean, factor[0], factor[1]), low), high)
                out[written, size + j] = min(max(requantise(deviation, factor[0], factor[1]), low), high)
            written += 1
        if count == every:
            count = 0
            sums[:] = 0
    return count
