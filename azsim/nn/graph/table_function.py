"""Element-wise functions by the chip's tables: to Q4.11, a table of 1025 entries, from Q0.15 to the output's grid."""

from __future__ import annotations

import numpy as np

from azsim.nn.fixed_point import TABLE_BITS, expanded_table
from azsim.nn.graph.arithmetic import pair, table_flat
from azsim.nn.graph.operator import Execution, IntegerNode, stateless
from azsim.nn.graph.tensor import GATE_GRID


def table_execution(function: str, at: IntegerNode) -> Execution:
    """A function in `azsim.nn.fixed_point.TABLES` of each element."""
    target = at.target()
    to_gate, to_target = pair(at.grid().scale / GATE_GRID.scale), pair(2.0**-TABLE_BITS / target.scale)
    table = expanded_table(function)

    def run(values: np.ndarray) -> np.ndarray:
        out = np.empty(values.shape, target.dtype)
        flat = np.ascontiguousarray(values).reshape(-1)
        table_flat(flat, to_gate, table, to_target, target.lowest, target.limit, out.reshape(-1))
        return out

    return stateless(run)
