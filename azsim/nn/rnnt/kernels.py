"""The compiled integer steps of a search: matrix-vector product, LSTM cell, prediction, joint.

A layer is one row of an int64 plan, so that networks of any depth share the
compiled code; all weights lie in one flat int8 array.
"""

from __future__ import annotations

import numpy as np

from azsim.compiled import njit
from azsim.nn import product
from azsim.nn.fixed_point import GATE_BITS, TABLE_BITS, requantise, rounding_shift, saturate_int8, saturate_int16

# Columns of a layer's plan.
COLUMNS, HIDDEN, INPUT_AT, RECURRENT_AT, BIAS_AT = 0, 1, 2, 3, 4
INPUT_MULTIPLIER, INPUT_SHIFT, RECURRENT_MULTIPLIER, RECURRENT_SHIFT = 5, 6, 7, 8
CELL_BITS, HIDDEN_BITS = 9, 10
PLAN_FIELDS = 11

# Rows of the joint's plan: the projection of the prediction, and the output; columns of a row.
FROM_PREDICTION, OUTPUT = 0, 1
MATRIX_AT, MATRIX_ROWS, MATRIX_COLUMNS, MULTIPLIER, SHIFT = 0, 1, 2, 3, 4
JOINT_FIELDS = 5

TABLE_ZERO = 32768


@njit(cache=True, nogil=True)
def multiply(weights: np.ndarray, at: int, rows: int, vector: np.ndarray, columns: int, sums: np.ndarray) -> None:
    """Exact int32 ``sums`` of the rows of the int8 matrix that starts at ``at`` with the int8 ``vector``."""
    product.multiply(weights, at, rows, vector.reshape(1, -1), columns, sums.reshape(1, -1))


@njit(cache=True, nogil=True)
def lstm_cell(
    biases: np.ndarray,
    plan: np.ndarray,
    gates: np.ndarray,
    recurrent_product: np.ndarray,
    hidden: np.ndarray,
    cell: np.ndarray,
    sigmoid: np.ndarray,
    tanh: np.ndarray,
) -> None:
    """A step after its products: ``gates`` (input side, overwritten) and ``recurrent_product``, int32 ``(4 H,)``."""
    size = plan[HIDDEN]
    for r in range(4 * size):
        gates[r] = saturate_int16(
            requantise(np.int64(gates[r]), plan[INPUT_MULTIPLIER], plan[INPUT_SHIFT])
            + requantise(np.int64(recurrent_product[r]), plan[RECURRENT_MULTIPLIER], plan[RECURRENT_SHIFT])
            + np.int64(biases[plan[BIAS_AT] + r])
        )
    lstm_state(plan, gates, hidden, cell, sigmoid, tanh)


@njit(cache=True, nogil=True)
def lstm_state(
    plan: np.ndarray, gates: np.ndarray, hidden: np.ndarray, cell: np.ndarray, sigmoid: np.ndarray, tanh: np.ndarray
) -> None:
    """The new state of a layer from the sums of its gates, Q4.11 ``(4 H,)``."""
    size = plan[HIDDEN]
    for j in range(size):
        input_gate = np.int64(sigmoid[np.uint64(gates[j] + TABLE_ZERO)])
        forget = np.int64(sigmoid[np.uint64(gates[size + j] + TABLE_ZERO)])
        candidate = np.int64(tanh[np.uint64(gates[2 * size + j] + TABLE_ZERO)])
        output = np.int64(sigmoid[np.uint64(gates[3 * size + j] + TABLE_ZERO)])
        kept = rounding_shift(forget * np.int64(cell[j]), TABLE_BITS)
        added = rounding_shift(input_gate * candidate, 2 * TABLE_BITS - plan[CELL_BITS])
        state = saturate_int16(kept + added)
        cell[j] = state
        argument = saturate_int16(rounding_shift(state << GATE_BITS, plan[CELL_BITS]))
        shown = output * np.int64(tanh[np.uint64(argument + TABLE_ZERO)])
        hidden[j] = saturate_int8(rounding_shift(shown, 2 * TABLE_BITS - plan[HIDDEN_BITS]))


@njit(cache=True, nogil=True)
def project(
    weights: np.ndarray, plan: np.ndarray, vector: np.ndarray, bias: np.ndarray, sums: np.ndarray, out: np.ndarray
) -> None:
    """The joint's projection of the prediction: int8 vector to Q4.11 int16, bias added before saturation."""
    multiply(weights, plan[MATRIX_AT], plan[MATRIX_ROWS], vector, plan[MATRIX_COLUMNS], sums)
    for r in range(plan[MATRIX_ROWS]):
        out[r] = saturate_int16(requantise(np.int64(sums[r]), plan[MULTIPLIER], plan[SHIFT]) + np.int64(bias[r]))


@njit(cache=True, nogil=True)
def predict(
    weights: np.ndarray,
    biases: np.ndarray,
    layers: np.ndarray,
    joint: np.ndarray,
    no_bias: np.ndarray,
    sigmoid: np.ndarray,
    tanh: np.ndarray,
    hidden: np.ndarray,
    cell: np.ndarray,
    row: np.ndarray,
    predicted: np.ndarray,
) -> None:
    """One step of the prediction network: embedding ``row`` in, Q4.11 int16 ``predicted`` out, state in place."""
    sums, recurrent_product = np.empty(4 * hidden.shape[1], np.int32), np.empty(4 * hidden.shape[1], np.int32)
    vector = row
    for i in range(layers.shape[0]):
        plan = layers[i]
        multiply(weights, plan[INPUT_AT], 4 * plan[HIDDEN], vector, plan[COLUMNS], sums)
        multiply(weights, plan[RECURRENT_AT], 4 * plan[HIDDEN], hidden[i], plan[HIDDEN], recurrent_product)
        lstm_cell(biases, plan, sums, recurrent_product, hidden[i], cell[i], sigmoid, tanh)
        vector = hidden[i]
    project(weights, joint[FROM_PREDICTION], vector, no_bias, np.empty(predicted.size, np.int32), predicted)


@njit(cache=True, nogil=True)
def join(
    weights: np.ndarray,
    joint: np.ndarray,
    output_bias: np.ndarray,
    joint_bits: int,
    tanh: np.ndarray,
    encoded: np.ndarray,
    predicted: np.ndarray,
    joined: np.ndarray,
    logits: np.ndarray,
) -> None:
    """The joint network: Q4.11 sums to int8 ``joined`` to int32 ``logits``."""
    for j in range(encoded.size):
        total = saturate_int16(np.int64(encoded[j]) + np.int64(predicted[j]))
        joined[j] = saturate_int8(
            rounding_shift(np.int64(tanh[np.uint64(total + TABLE_ZERO)]), TABLE_BITS - joint_bits)
        )
    rows = joint[OUTPUT, MATRIX_ROWS]
    multiply(weights, joint[OUTPUT, MATRIX_AT], rows, joined, joint[OUTPUT, MATRIX_COLUMNS], logits)
    for r in range(rows):
        logits[r] += output_bias[r]
