"""Softmax over the last axis, by the table of the exponential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.compiled import njit
from azsim.nn.fixed_point import TABLE_BITS, expanded_table, requantise, saturate_int16
from azsim.nn.graph.arithmetic import TABLE_ZERO, pair
from azsim.nn.graph.elementwise import Elementwise
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode, axis_of
from azsim.nn.graph.operator import (
    Execution,
    GridBitsChoice,
    GridNode,
    IntegerNode,
    LoweredNode,
    need,
    stateless,
)
from azsim.nn.graph.tensor import GATE_GRID, Grid
from azsim.nn.operators.registry import operator
from azsim.nn.program import ProgramStage, VectorWork

EXTRA_BITS = 16
"""Of a share before it is brought to the output's grid."""


@operator("softmax")
@dataclass(frozen=True)
class Softmax(Elementwise):
    """``exp(x) / sum exp(x)`` over the last axis.

    Integers: ``e = exp(saturate16(Q4.11 of x - max))`` from the table, Q0.15; ``p = round(e * 2^16 / sum e)``;
    ``y = saturate(round(p * m / 2^s))``.
    """

    onnx: ClassVar[tuple[str, ...]] = ("Softmax",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        axes = len(builder.shape(node))
        if axis_of(node, node.integer("axis", -1), axes) != axes - 1:
            raise node.refuse("axis: must be the last")
        builder.add(node, cls(), node.inputs, node.outputs[0])

    def exact(self, values: np.ndarray) -> np.ndarray:
        raised = np.exp(values - values.max(axis=-1, keepdims=True))
        return raised / raised.sum(axis=-1, keepdims=True)

    def chosen_grid(self, name: str, largest: float, bits: GridBitsChoice) -> Grid:
        return Grid(bits, 2.0**-7 if bits == 8 else 2.0**-TABLE_BITS)

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        need(at.inputs[0] is not None, "takes values")
        return (at.required(),)

    def integer(self, at: IntegerNode) -> Execution:
        target, columns = at.target(), at.inputs[0].shape[-1]
        to_gate, factor = pair(at.grid().scale / GATE_GRID.scale), pair(2.0**-EXTRA_BITS / target.scale)
        table = expanded_table("exp")

        def run(values: np.ndarray) -> np.ndarray:
            rows = np.ascontiguousarray(values).reshape(-1, columns)
            out = np.empty(rows.shape, target.dtype)
            softmax_rows(rows, to_gate, table, factor, target.lowest, target.limit, out)
            return out.reshape(values.shape)

        return stateless(run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        size = at.outputs[0].size
        return (ProgramStage(at.name, (), softmax_work(size)),)


def softmax_work(elements: int) -> tuple[VectorWork, ...]:
    """What the vector unit does for a softmax: the maximum, the exponentials, their sum, the shares."""
    return (
        VectorWork("compare", elements),
        VectorWork("multiply-add", elements),
        VectorWork("exp", elements),
        VectorWork("multiply-add", elements),
        VectorWork("divide", elements),
    )


@njit(cache=True, nogil=True)
def softmax_rows(
    rows: np.ndarray,
    to_gate: np.ndarray,
    table: np.ndarray,
    factor: np.ndarray,
    low: int,
    high: int,
    out: np.ndarray,
) -> None:
    """Softmax of each row ``(n, columns)``."""
    raised = np.empty(rows.shape[1], np.int64)
    for k in range(rows.shape[0]):
        largest = np.int64(rows[k, 0])
        for c in range(1, raised.size):
            largest = max(largest, np.int64(rows[k, c]))
        total = np.int64(0)
        for c in range(raised.size):
            argument = saturate_int16(requantise(np.int64(rows[k, c]) - largest, to_gate[0], to_gate[1]))
            raised[c] = table[np.uint64(argument + TABLE_ZERO)]
            total += raised[c]
        for c in range(raised.size):
            share = ((raised[c] << (EXTRA_BITS + 1)) + total) // (2 * total)
            out[k, c] = min(max(requantise(share, factor[0], factor[1]), low), high)
