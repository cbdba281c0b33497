"""GRU layer: its hidden state after each step, which is carried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from azsim.compiled import njit
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
from azsim.nn.graph.tensor import GATE_GRID, Grid, Shape, Tensor
from azsim.nn.operators.registry import operator
from azsim.nn.product import multiply_rows, products
from azsim.nn.program import MatrixUse, ProgramStage, VectorWork


@operator("gru")
@dataclass(frozen=True)
class Gru(Operator):
    """``r, z = sigmoid(W x + U h + b);  h = (1 - z) n + z h``, gates in the order r, z, n; ``(columns,)`` to ``(H,)``.

    ``n = tanh(W x + b + r (U h + candidate_bias))`` where the reset comes after the product, as PyTorch and cuDNN have
    it; else ``n = tanh(W x + b + U (r h))``.

    Integers: gates are Q4.11; the state is int16, Q0.15, and int8 on the output's grid as an operand and output:
    ``h = saturate16(round(((2^15 - z) n + z h) / 2^15))``. A reset before the product acts on the int8 state.

    Attributes:
        reset_after: the reset gate acts on the product rather than on the state.
        restart: steps after which the state begins anew, 0 for never.
    """

    reset_after: bool = True
    restart: int = 0

    matrices: ClassVar[tuple[str, ...]] = ("input", "recurrent")
    vectors: ClassVar[tuple[str, ...]] = ("bias", "candidate_bias")
    optional: ClassVar[tuple[str, ...]] = ("bias", "candidate_bias")

    gates: ClassVar[int] = 3

    onnx: ClassVar[tuple[str, ...]] = ("GRU",)

    @classmethod
    def from_onnx(cls, node: OnnxNode, builder: OnnxBuilder) -> None:
        units, after = node.integer("hidden_size", 0), bool(node.integer("linear_before_reset", 0))
        parameters = recurrent_parameters(node, builder, units, gates=(1, 0, 2), candidate=after)
        recurrent_from_onnx(node, builder, lambda steps: cls(reset_after=after, restart=steps), parameters)

    def infer(self, inputs: tuple[Tensor, ...], shapes: Mapping[str, Shape]) -> tuple[Tensor, ...]:
        need(len(inputs) == 1 and len(inputs[0].shape) == 1, "takes one vector")
        rows, units = shapes["recurrent"]
        need(rows == 3 * units, f"recurrent {rows}x{units}: must have three rows for each column")
        wanted = (rows, *inputs[0].shape)
        need(shapes["input"] == wanted, f"input matrix of shape {shapes['input']}: must be {wanted}")
        for role, length in (("bias", rows), ("candidate_bias", units)):
            need(shapes.get(role, (length,)) == (length,), f"{role} of shape {shapes.get(role)}: must be ({length},)")
        need(self.reset_after or "candidate_bias" not in shapes, "candidate_bias: only where the reset comes after")
        return (inputs[0].of(units),)

    def operand(self, index: int) -> Operand:
        return "product"

    def takes_wide(self, index: int) -> bool:
        return True

    def chosen_grid(self, name: str, largest: float, bits: GridBitsChoice) -> Grid:
        return super().chosen_grid(name, largest, 8)

    def float(self, at: FloatNode) -> Execution:
        weights = at.parameters
        size = weights["recurrent"].shape[1]
        bias, own = weights.get("bias", np.float32(0)), weights.get("candidate_bias", np.float32(0))
        gates, candidate = weights["recurrent"][: 2 * size].T, weights["recurrent"][2 * size :].T

        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            (hidden,) = state
            input_products = inputs[0] @ weights["input"].T + bias
            outputs = np.empty((len(input_products), size), np.float32)
            for k, sums in enumerate(input_products):
                reset, keep = np.split(_sigmoid(sums[: 2 * size] + hidden @ gates), 2)
                kept = reset * (hidden @ candidate + own) if self.reset_after else (reset * hidden) @ candidate
                new = np.tanh(sums[2 * size :] + kept)
                hidden = (1 - keep) * new + keep * hidden
                outputs[k] = hidden
            return (outputs,), (hidden,)

        return restarting(Execution((np.zeros(size, np.float32),), run), self.restart)

    def grids(self, at: GridNode) -> tuple[Grid | None, ...]:
        hidden = at.required()
        need(hidden.bits == 8, f"hidden state on grid {hidden}: must be int8")
        return (hidden,)

    def integer(self, at: IntegerNode) -> Execution:
        source, target = at.grid(), at.target()
        input_weights, recurrent_weights = at.weights["input"], at.weights["recurrent"]
        rows, size = recurrent_weights.values.shape
        input_matrix = np.ascontiguousarray(input_weights.values)
        recurrent_matrix = np.ascontiguousarray(recurrent_weights.values)
        first = Rescale.by(source.scale * input_weights.row_scales / GATE_GRID.scale)
        second = Rescale.by(target.scale * recurrent_weights.row_scales / GATE_GRID.scale)
        bias = bias_of(at.vectors.get("bias"), rows, 2.0**-GATE_BITS, INT16_MAX)
        own = bias_of(at.vectors.get("candidate_bias"), size, 2.0**-GATE_BITS, INT16_MAX)
        factors = (first.multiplier, first.shift, second.multiplier, second.shift)
        constants = (bias, own, *factors, expanded_table("sigmoid"), expanded_table("tanh"))
        to_hidden = pair(2.0**-TABLE_BITS / target.scale)

        def run(state: State, inputs: Arrays) -> tuple[Arrays, State]:
            hidden, fine = (each.copy() for each in state)
            sums = products(input_matrix, inputs[0])
            outputs = np.empty((len(sums), size), np.int8)
            gru_steps(recurrent_matrix, sums, *constants, to_hidden, self.reset_after, hidden, fine, outputs)
            return (outputs,), (hidden, fine)

        return restarting(Execution((np.zeros(size, np.int8), np.zeros(size, np.int16)), run), self.restart)

    def lower(self, at: LoweredNode) -> tuple[ProgramStage, ...]:
        uses = (
            MatrixUse(at.matrices["recurrent"], "recurrent", "ready"),
            MatrixUse(at.matrices["input"], "input", at.operand(), at.passes),
        )
        units = at.outputs[0].size
        vector = (
            *at.joining(3 * units),
            VectorWork("multiply-add", 6 * units),
            VectorWork("sigmoid", 2 * units),
            VectorWork("multiply-add", units),
            VectorWork("tanh", units),
            VectorWork("multiply-add", 3 * units),
        )
        return (ProgramStage(at.name, uses, vector),)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return np.float32(0.5) * np.tanh(np.float32(0.5) * values) + np.float32(0.5)


@njit(cache=True, nogil=True)
def gru_steps(
    recurrent: np.ndarray,
    sums: np.ndarray,
    bias: np.ndarray,
    own: np.ndarray,
    first_multiplier: np.ndarray,
    first_shift: np.ndarray,
    second_multiplier: np.ndarray,
    second_shift: np.ndarray,
    sigmoid: np.ndarray,
    tanh: np.ndarray,
    to_hidden: np.ndarray,
    reset_after: bool,
    hidden: np.ndarray,
    fine: np.ndarray,
    outputs: np.ndarray,
) -> None:
    """All steps of a layer after the products of its input, int32 ``sums`` ``(n, 3H)``; ``fine`` is the Q0.15 state."""
    size = hidden.size
    recurrent_product, kept = np.empty(3 * size, np.int32), np.empty(size, np.int8)
    gate = np.empty(2 * size, np.int64)
    for k in range(sums.shape[0]):
        products_now = 3 * size if reset_after else 2 * size
        multiply_rows(recurrent[:products_now], hidden, recurrent_product[:products_now])
        for r in range(2 * size):
            total = saturate_int16(
                requantise(np.int64(sums[k, r]), first_multiplier[r], first_shift[r])
                + requantise(np.int64(recurrent_product[r]), second_multiplier[r], second_shift[r])
                + bias[r]
            )
            gate[r] = sigmoid[np.uint64(total + TABLE_ZERO)]
        if not reset_after:
            for j in range(size):
                kept[j] = rounding_shift(gate[j] * np.int64(hidden[j]), TABLE_BITS)
            multiply_rows(recurrent[2 * size :], kept, recurrent_product[2 * size :])
        for j in range(size):
            r = 2 * size + j
            inner = requantise(np.int64(recurrent_product[r]), second_multiplier[r], second_shift[r])
            if reset_after:
                inner = rounding_shift(gate[j] * saturate_int16(inner + own[j]), TABLE_BITS)
            total = saturate_int16(
                requantise(np.int64(sums[k, r]), first_multiplier[r], first_shift[r]) + inner + bias[r]
            )
            new, keep = np.int64(tanh[np.uint64(total + TABLE_ZERO)]), gate[size + j]
            fine[j] = saturate_int16(
                rounding_shift(((np.int64(1) << TABLE_BITS) - keep) * new + keep * np.int64(fine[j]), TABLE_BITS)
            )
            hidden[j] = saturate_int8(requantise(np.int64(fine[j]), to_hidden[0], to_hidden[1]))
            outputs[k, j] = hidden[j]
