"""LSTM layer with a small branch beside the large one: a flag picks for each step whose gates move the shared state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.compiled import njit
from azsim.errors import InputError
from azsim.nn.fixed_point import INT16_MAX, requantise, saturate_int8, saturate_int16
from azsim.nn.graph.arithmetic import Rescale, bias_of
from azsim.nn.graph.operator import (
    Arrays,
    Execution,
    FloatNode,
    Granularity,
    GridBitsChoice,
    GridNode,
    IntegerNode,
    LoweredNode,
    Operand,
    Operator,
    State,
    need,
)
from azsim.nn.graph.tensor import GATE_GRID, Grid, Shape, Tensor
from azsim.nn.operators.lstm import (
    LstmLayout,
    cell_grid,
    cell_work,
    lstm_cell,
    lstm_float_state,
    lstm_grids,
    lstm_state,
    lstm_units,
)
from azsim.nn.operators.registry import operator
from azsim.nn.product import multiply_rows
from azsim.nn.program import MatrixUse, ProgramStage, VectorWork


@operator("branching_lstm")
@dataclass(frozen=True)
class BranchingLstm(Operator):
    """`azsim.nn.operators.lstm.Lstm` whose gates come from the large branch where its second input, a flag, is true.

    Else they come through a narrow int8 vector (internal ``narrow``): ``n = V x + S h``, ``gates = U n + b'``.

    **Source:** AmNet, J. Macoskey et al. 2021 (arXiv:2108.01553).
    """

    matrices: ClassVar[tuple[str, ...]] = ("input", "recurrent", "small_input", "small_recurrent", "small_expand")
    vectors: ClassVar[tuple[str, ...]] = ("bias", "small_bias")
    internals: ClassVar[tuple[str, ...]] = ("cell", "narrow")

    gates: ClassVar[int] = 4

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        fits = len(inputs) == 2 and len(inputs[0].shape) == 1 and inputs[1] == Tensor((), inputs[0].period, "flag")
        need(fits, "takes one vector and one flag, equally often")
        units, columns = lstm_units(inputs[0], shapes), inputs[0].shape[0]
        rank = shapes["small_input"][0]
        wanted = {
            "small_input": (rank, columns),
            "small_recurrent": (rank, units),
            "small_expand": (4 * units, rank),
            "small_bias": (4 * units,),
        }
        for role, shape in wanted.items():
            need(shapes[role] == shape, f"{role} of shape {shapes[role]}: must be {shape}")
        return (inputs[0].of(units),)

    def operand(self, index: int) -> Operand:
        return "flag" if index else "product"

    def float(self, at: FloatNode) -> Execution:
        weights = at.parameters

        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            hidden, cell = state
            outputs = np.empty((len(inputs[0]), hidden.size), np.float32)
            for k, (vector, large) in enumerate(zip(*inputs, strict=True)):
                if large:
                    gates = weights["input"] @ vector + weights["recurrent"] @ hidden + weights["bias"]
                else:
                    narrow = weights["small_input"] @ vector + weights["small_recurrent"] @ hidden
                    at.observe("narrow", narrow)
                    gates = weights["small_expand"] @ narrow + weights["small_bias"]
                hidden, cell = lstm_float_state(gates, cell)
                at.observe("cell", cell)
                outputs[k] = hidden
            return (outputs,), (hidden, cell)

        return Execution(tuple(np.zeros((2, weights["recurrent"].shape[1]), np.float32)), run)

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        narrow = at.internal.get("narrow")
        if narrow is None:
            raise InputError("internal tensor narrow: a scale is missing")
        need(narrow.bits == 8, f"narrow vector on grid {narrow}: must be int8")
        return lstm_grids(at)

    def scale_groups(self, role: str, rows: int, granularity: Granularity) -> int:
        narrow = role in ("small_input", "small_recurrent")  # its rows are no gates
        return 1 if granularity == "gate" and narrow else super().scale_groups(role, rows, granularity)

    def chosen_grid(self, name: str, largest: float, bits: GridBitsChoice) -> Grid:
        return cell_grid(largest) if name == "cell" else super().chosen_grid(name, largest, 8)

    def integer(self, at: IntegerNode) -> Execution:
        source, target, narrow = at.grid(), at.target(), at.internal["narrow"]
        matrices = tuple(np.ascontiguousarray(at.weights[role].values) for role in self.matrices)
        scales = {role: each.row_scales for role, each in at.weights.items()}
        layout = LstmLayout.of(at, source, scales["input"], scales["recurrent"])
        rows, size = matrices[1].shape
        small = (
            Rescale.by(source.scale * scales["small_input"] / narrow.scale),
            Rescale.by(target.scale * scales["small_recurrent"] / narrow.scale),
            Rescale.by(narrow.scale * scales["small_expand"] / GATE_GRID.scale),
        )
        bias = bias_of(at.vectors["small_bias"], rows, GATE_GRID.scale, INT16_MAX)
        factors = tuple(array for each in small for array in (each.multiplier, each.shift))

        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            hidden, cell = (each.copy() for each in state)
            outputs = np.empty((len(inputs[0]), size), np.int8)
            branching_steps(
                *matrices, *inputs, *layout.arrays, *factors, bias, layout.cell_bits, layout.to_hidden, hidden, cell,
                outputs,
            )  # fmt: skip
            return (outputs,), (hidden, cell)

        return Execution((np.zeros(size, np.int8), np.zeros(size, np.int16)), run)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        """The large branch; `lower_small` gives the other one, which the same step may take instead."""
        uses = (
            MatrixUse(at.matrices["recurrent"], "recurrent", "ready"),
            MatrixUse(at.matrices["input"], "input", at.operand()),
        )
        return (ProgramStage(at.name, uses, cell_work(at.outputs[0].size, sums=8)),)

    def lower_small(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        """The stages of the small branch: the narrow vector, then the gates from it."""
        uses = (
            MatrixUse(at.matrices["small_recurrent"], "recurrent", "ready"),
            MatrixUse(at.matrices["small_input"], "input", at.operand()),
        )
        rank = at.shapes["small_input"][0]
        expand = MatrixUse(at.matrices["small_expand"], "input", "previous")
        return (
            ProgramStage(f"{at.name}.small.narrow", uses, (VectorWork("multiply-add", 2 * rank),)),
            ProgramStage(f"{at.name}.small", (expand,), cell_work(at.outputs[0].size, sums=4)),
        )


@njit(cache=True, nogil=True)
def branching_steps(
    input_weights: np.ndarray,
    recurrent_weights: np.ndarray,
    small_input: np.ndarray,
    small_recurrent: np.ndarray,
    small_expand: np.ndarray,
    vectors: np.ndarray,
    picked: np.ndarray,
    bias: np.ndarray,
    first_multiplier: np.ndarray,
    first_shift: np.ndarray,
    second_multiplier: np.ndarray,
    second_shift: np.ndarray,
    sigmoid: np.ndarray,
    tanh: np.ndarray,
    narrow_multiplier: np.ndarray,
    narrow_shift: np.ndarray,
    kept_multiplier: np.ndarray,
    kept_shift: np.ndarray,
    expand_multiplier: np.ndarray,
    expand_shift: np.ndarray,
    small_bias: np.ndarray,
    cell_bits: int,
    to_hidden: np.ndarray,
    hidden: np.ndarray,
    cell: np.ndarray,
    outputs: np.ndarray,
) -> None:
    """All steps of a layer, each on the branch that was picked for it."""
    rows, rank = input_weights.shape[0], small_input.shape[0]
    gates, recurrent_product = np.empty(rows, np.int32), np.empty(rows, np.int32)
    narrow = np.empty(rank, np.int8)
    for k in range(vectors.shape[0]):
        if picked[k]:
            multiply_rows(input_weights, vectors[k], gates)
            multiply_rows(recurrent_weights, hidden, recurrent_product)
            lstm_cell(
                gates, recurrent_product, bias, first_multiplier, first_shift, second_multiplier, second_shift, sigmoid,
                tanh, cell_bits, to_hidden, hidden, cell,
            )  # fmt: skip
        else:
            multiply_rows(small_input, vectors[k], gates[:rank])
            multiply_rows(small_recurrent, hidden, recurrent_product[:rank])
            for r in range(rank):
                narrow[r] = saturate_int8(
                    requantise(np.int64(gates[r]), narrow_multiplier[r], narrow_shift[r])
                    + requantise(np.int64(recurrent_product[r]), kept_multiplier[r], kept_shift[r])
                )
            multiply_rows(small_expand, narrow, gates)
            for r in range(rows):
                gates[r] = saturate_int16(
                    requantise(np.int64(gates[r]), expand_multiplier[r], expand_shift[r]) + small_bias[r]
                )
            lstm_state(gates, sigmoid, tanh, cell_bits, to_hidden, hidden, cell)
        for j in range(hidden.size):
            outputs[k, j] = hidden[j]
