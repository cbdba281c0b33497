"""LSTM layer: its hidden state after each step; hidden and cell state are carried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.compiled import njit
from azsim.errors import InputError
from azsim.nn.fixed_point import (
    GATE_BITS,
    INT16_MAX,
    TABLE_BITS,
    expanded_table,
    requantise,
    rounding_shift,
    saturate_int8,
    saturate_int16,
)
from azsim.nn.graph.arithmetic import TABLE_ZERO, Rescale, bias_of, pair
from azsim.nn.graph.onnx_node import OnnxBuilder, OnnxNode
from azsim.nn.graph.onnx_recurrent import recurrent_from_onnx, recurrent_parameters
from azsim.nn.graph.operator import (
    Arrays,
    Execution,
    FloatNode,
    GridBitsChoice,
    GridNode,
    IntegerNode,
    LoweredNode,
    Operand,
    Operator,
    State,
    need,
)
from azsim.nn.graph.restart import restarting
from azsim.nn.graph.tensor import GATE_GRID, Grid, Shape, Tensor, power_of_two_bits
from azsim.nn.operators.registry import operator
from azsim.nn.product import multiply_rows, products
from azsim.nn.program import MatrixUse, ProgramStage, VectorWork

MAX_CELL_BITS = 14


@operator("lstm")
@dataclass(frozen=True)
class Lstm(Operator):
    """``i, f, g, o = W x + R h + b;  c = f c + i g;  h = o tanh c``; gates in that order, ``(columns,)`` to ``(H,)``.

    Integers: docs/integer.md; gates are Q4.11, the cell state int16 on a power of two (internal ``cell``), the hidden
    state int8 on the output's grid.

    Attributes:
        restart: steps after which the state begins anew, 0 for never.
    """

    restart: int = 0

    matrices: ClassVar[tuple[str, ...]] = ("input", "recurrent")
    vectors: ClassVar[tuple[str, ...]] = ("bias",)
    optional: ClassVar[tuple[str, ...]] = ("bias",)
    internals: ClassVar[tuple[str, ...]] = ("cell",)

    gates: ClassVar[int] = 4

    onnx: ClassVar[tuple[str, ...]] = ("LSTM",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        units = node.integer("hidden_size", 0)
        if builder.optional(node, 7) is not None or node.integer("input_forget", 0):
            raise node.refuse("peepholes and coupled gates: must be left out")
        parameters = recurrent_parameters(node, builder, units, gates=(0, 2, 3, 1))
        recurrent_from_onnx(node, builder, lambda steps: cls(restart=steps), parameters)

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and len(inputs[0].shape) == 1, "takes one vector")
        return (inputs[0].of(lstm_units(inputs[0], shapes)),)

    def operand(self, index: int) -> Operand:
        return "product"

    def takes_wide(self, index: int) -> bool:
        return True

    def float(self, at: FloatNode) -> Execution:
        weights = at.parameters
        input_matrix, recurrent_matrix = weights["input"].T, weights["recurrent"].T
        bias = weights.get("bias", np.float32(0))

        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            hidden, cell = state
            input_products = inputs[0] @ input_matrix
            outputs = np.empty((len(input_products), hidden.size), np.float32)
            for k, sums in enumerate(input_products):
                gates = sums + hidden @ recurrent_matrix + bias
                hidden, cell = lstm_float_state(gates, cell)
                at.observe("cell", cell)
                outputs[k] = hidden
            return (outputs,), (hidden, cell)

        return restarting(Execution(tuple(np.zeros((2, weights["recurrent"].shape[1]), np.float32)), run), self.restart)

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        return lstm_grids(at)

    def chosen_grid(self, name: str, largest: float, bits: GridBitsChoice) -> Grid:
        return cell_grid(largest) if name == "cell" else super().chosen_grid(name, largest, 8)

    def integer(self, at: IntegerNode) -> Execution:
        source = at.grid()
        input_weights, recurrent_weights = at.weights["input"], at.weights["recurrent"]
        size = recurrent_weights.values.shape[1]
        layout = LstmLayout.of(at, source, input_weights.row_scales, recurrent_weights.row_scales)
        input_matrix = np.ascontiguousarray(input_weights.values)
        recurrent_matrix = np.ascontiguousarray(recurrent_weights.values)

        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            hidden, cell = (each.copy() for each in state)
            sums = products(input_matrix, inputs[0])
            outputs = np.empty((len(sums), size), np.int8)
            lstm_steps(
                recurrent_matrix, sums, *layout.arrays, layout.cell_bits, layout.to_hidden, hidden, cell, outputs
            )
            return (outputs,), (hidden, cell)

        return restarting(Execution((np.zeros(size, np.int8), np.zeros(size, np.int16)), run), self.restart)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        uses = (
            MatrixUse(at.matrices["recurrent"], "recurrent", "ready"),
            MatrixUse(at.matrices["input"], "input", at.operand(), at.passes),
        )
        units = at.outputs[0].size
        return (ProgramStage(at.name, uses, (*at.joining(4 * units), *cell_work(units, sums=8))),)


@dataclass(frozen=True)
class LstmLayout:
    """What the kernels of an LSTM need besides its matrices.

    Attributes:
        arrays: bias, multipliers and shifts of both products, tables of sigmoid and tanh.
        cell_bits: bits after the point of the cell state.
        to_hidden: multiplier and shift from Q0.30 to the hidden state's grid.
    """

    arrays: tuple[np.ndarray, ...]
    cell_bits: int
    to_hidden: np.ndarray

    @staticmethod
    def of(at: IntegerNode, source: Grid, input_scales: np.ndarray, recurrent_scales: np.ndarray) -> LstmLayout:
        """From the grids of input and output and the scales ``(4H,)`` of the rows of both matrices."""
        target, rows = at.target(), recurrent_scales.size
        first = Rescale.by(np.broadcast_to(source.scale * input_scales / GATE_GRID.scale, rows))
        second = Rescale.by(target.scale * recurrent_scales / GATE_GRID.scale)
        bias = bias_of(at.vectors.get("bias"), rows, 2.0**-GATE_BITS, INT16_MAX)
        arrays = (bias, first.multiplier, first.shift, second.multiplier, second.shift)
        tables = (expanded_table("sigmoid"), expanded_table("tanh"))
        cell_bits = power_of_two_bits(at.internal["cell"].scale)
        assert cell_bits is not None
        return LstmLayout((*arrays, *tables), cell_bits, pair(2.0 ** (-2 * TABLE_BITS) / target.scale))


def lstm_units(source: Tensor, shapes: Mapping[str, Shape]) -> int:
    """H of an LSTM, its shapes checked."""
    rows, units = shapes["recurrent"]
    need(rows == 4 * units, f"recurrent {rows}x{units}: must have four rows for each column")
    wanted = (rows, *source.shape)
    need(shapes["input"] == wanted, f"input matrix of shape {shapes['input']}: must be {wanted} for input {source}")
    need(shapes.get("bias", (rows,)) == (rows,), f"bias of shape {shapes.get('bias')}: must be ({rows},)")
    return units


def lstm_grids(at: GridNode) -> tuple[Grid | None, ...]:
    """The hidden state's grid, int8; the cell state's is checked as well."""
    hidden, cell = at.required(), at.internal.get("cell")
    need(hidden.bits == 8, f"hidden state on grid {hidden}: must be int8")
    if cell is None:
        raise InputError("internal tensor cell: a scale is missing")
    bits = power_of_two_bits(cell.scale)
    fits = cell.bits == 16 and bits is not None and 1 <= bits <= MAX_CELL_BITS
    need(fits, f"cell state on grid {cell}: must be int16 on a power of two from 2**-{MAX_CELL_BITS} to 0.5")
    return (hidden,)


def cell_grid(largest: float) -> Grid:
    """The finest grid of a cell state that reaches ``largest``."""
    bits = MAX_CELL_BITS
    while bits > 1 and largest > (INT16_MAX + 1) * 2.0**-bits:
        bits -= 1
    return Grid(16, 2.0**-bits)


def lstm_float_state(gates: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """New hidden and cell state from the sums of the gates, float32 ``(4H,)``."""
    input_gate, forget, candidate, output = np.split(gates, 4)
    cell = _sigmoid(forget) * cell + _sigmoid(input_gate) * np.tanh(candidate)
    return _sigmoid(output) * np.tanh(cell), cell


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return np.float32(0.5) * np.tanh(np.float32(0.5) * values) + np.float32(0.5)


def cell_work(units: int, sums: int) -> tuple[VectorWork, ...]:
    """What follows the products of an LSTM; ``sums``: rounded multiply-adds per unit on the way to its four gates."""
    return (
        VectorWork("multiply-add", sums * units),
        VectorWork("sigmoid", 3 * units),
        VectorWork("tanh", units),
        VectorWork("multiply-add", 2 * units),
        VectorWork("tanh", units),
        VectorWork("multiply-add", units),
    )


@njit(cache=True, nogil=True)
def lstm_steps(
    recurrent: np.ndarray,
    sums: np.ndarray,
    bias: np.ndarray,
    first_multiplier: np.ndarray,
    first_shift: np.ndarray,
    second_multiplier: np.ndarray,
    second_shift: np.ndarray,
    sigmoid: np.ndarray,
    tanh: np.ndarray,
    cell_bits: int,
    to_hidden: np.ndarray,
    hidden: np.ndarray,
    cell: np.ndarray,
    outputs: np.ndarray,
) -> None:
    """All steps of a layer after the products of its input, int32 ``sums`` ``(n, 4H)``, which become the gates."""
    recurrent_product = np.empty(recurrent.shape[0], np.int32)
    for k in range(sums.shape[0]):
        multiply_rows(recurrent, hidden, recurrent_product)
        lstm_cell(
            sums[k], recurrent_product, bias, first_multiplier, first_shift, second_multiplier, second_shift, sigmoid,
            tanh, cell_bits, to_hidden, hidden, cell,
        )  # fmt: skip
        for j in range(hidden.size):
            outputs[k, j] = hidden[j]


@njit(cache=True, nogil=True)
def lstm_cell(
    gates: np.ndarray,
    recurrent_product: np.ndarray,
    bias: np.ndarray,
    first_multiplier: np.ndarray,
    first_shift: np.ndarray,
    second_multiplier: np.ndarray,
    second_shift: np.ndarray,
    sigmoid: np.ndarray,
    tanh: np.ndarray,
    cell_bits: int,
    to_hidden: np.ndarray,
    hidden: np.ndarray,
    cell: np.ndarray,
) -> None:
    """A step after its products, int32 ``(4H,)``: that of the input, which becomes the gates, and the recurrent one."""
    for r in range(gates.size):
        gates[r] = saturate_int16(
            requantise(np.int64(gates[r]), first_multiplier[r], first_shift[r])
            + requantise(np.int64(recurrent_product[r]), second_multiplier[r], second_shift[r])
            + bias[r]
        )
    lstm_state(gates, sigmoid, tanh, cell_bits, to_hidden, hidden, cell)


@njit(cache=True, nogil=True)
def lstm_state(
    gates: np.ndarray,
    sigmoid: np.ndarray,
    tanh: np.ndarray,
    cell_bits: int,
    to_hidden: np.ndarray,
    hidden: np.ndarray,
    cell: np.ndarray,
) -> None:
    """The new state of a layer from the sums of its gates, Q4.11 int32 ``(4H,)``."""
    size = hidden.size
    for j in range(size):
        input_gate = np.int64(sigmoid[np.uint64(gates[j] + TABLE_ZERO)])
        forget = np.int64(sigmoid[np.uint64(gates[size + j] + TABLE_ZERO)])
        candidate = np.int64(tanh[np.uint64(gates[2 * size + j] + TABLE_ZERO)])
        output = np.int64(sigmoid[np.uint64(gates[3 * size + j] + TABLE_ZERO)])
        kept = rounding_shift(forget * np.int64(cell[j]), TABLE_BITS)
        added = rounding_shift(input_gate * candidate, 2 * TABLE_BITS - cell_bits)
        state = saturate_int16(kept + added)
        cell[j] = state
        argument = saturate_int16(rounding_shift(state << GATE_BITS, cell_bits))
        shown = output * np.int64(tanh[np.uint64(argument + TABLE_ZERO)])
        hidden[j] = saturate_int8(requantise(shown, to_hidden[0], to_hidden[1]))
