"""Bases of operators that work on each element alone: same shape out as in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from azsim.compiled import njit
from azsim.nn.fixed_point import TABLE_BITS, expanded_table, requantise, saturate_int16
from azsim.nn.graph.arithmetic import TABLE_ZERO, pair, table_flat
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
from azsim.nn.graph.tensor import GATE_GRID, Shape, Tensor
from azsim.nn.program import ProgramStage, VectorFunction, VectorWork


class Elementwise(Operator):
    """A function of one tensor, element by element."""

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and inputs[0].holds == "values", "takes one tensor of values")
        return inputs

    def exact(self, values: np.ndarray) -> np.ndarray:
        """The function in float32."""
        raise NotImplementedError

    def float(self, at: FloatNode) -> Execution:
        return stateless(self.exact)


class TableFunction(Elementwise):
    """A function that the chip has as a table: to Q4.11, the table, from Q0.15 to the output's grid."""

    function: ClassVar[VectorFunction]

    def operand(self, index: int) -> Operand:
        return "gate"

    def integer(self, at: IntegerNode) -> Execution:
        target = at.target()
        to_gate, to_target = pair(at.grid().scale / GATE_GRID.scale), pair(2.0**-TABLE_BITS / target.scale)
        table = expanded_table(self.function)

        def run(values: np.ndarray) -> np.ndarray:
            out = np.empty(values.shape, target.dtype)
            flat = np.ascontiguousarray(values).reshape(-1)
            table_flat(flat, to_gate, table, to_target, target.lowest, target.limit, out.reshape(-1))
            return out

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        size = at.outputs[0].size
        return (ProgramStage(at.name, (), (VectorWork(self.function, size), VectorWork("multiply-add", size))),)


class GatedFunction(Elementwise):
    """``x f(x)`` where f is a table: ``round(x * table(Q4.11 of x) * m / 2^s)``, x on its own grid, saturated once."""

    function: ClassVar[VectorFunction]

    @property
    def table(self) -> str:
        """Its name in `azsim.nn.fixed_point.TABLES`."""
        return self.function

    def integer(self, at: IntegerNode) -> Execution:
        source, target = at.grid(), at.target()
        to_gate, factor = pair(source.scale / GATE_GRID.scale), pair(source.scale * 2.0**-TABLE_BITS / target.scale)
        table = expanded_table(self.table)

        def run(values: np.ndarray) -> np.ndarray:
            out = np.empty(values.shape, target.dtype)
            flat = np.ascontiguousarray(values).reshape(-1)
            gated_flat(flat, to_gate, table, factor, target.lowest, target.limit, out.reshape(-1))
            return out

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        size = at.outputs[0].size
        return (ProgramStage(at.name, (), (VectorWork(self.function, size), VectorWork("multiply-add", size))),)


@njit(cache=True, nogil=True)
def gated_flat(
    values: np.ndarray,
    to_gate: np.ndarray,
    table: np.ndarray,
    factor: np.ndarray,
    low: int,
    high: int,
    out: np.ndarray,
) -> None:
    """``x f(x)`` of each element of a flat array; see `GatedFunction`."""
    for k in range(values.size):
        value = np.int64(values[k])
        argument = saturate_int16(requantise(value, to_gate[0], to_gate[1]))
        result = requantise(value * np.int64(table[np.uint64(argument + TABLE_ZERO)]), factor[0], factor[1])
        out[k] = min(max(result, low), high)
