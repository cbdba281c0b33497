"""One LSTM step of the integer engine on given int8 weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from azsim.nn import kernels
from azsim.nn.fixed_point import expanded_table, multiplier_and_shift
from azsim.nn.formats import DEFAULT_CELL_BITS, DEFAULT_HIDDEN_BITS


def int8_lstm(weights: np.ndarray, vector: np.ndarray) -> Callable[[], None]:
    """A step, ready to be called: int8 weights ``(4 units, inputs + units)`` on a vector ``(inputs + units,)``."""
    units = weights.shape[0] // 4
    columns = weights.shape[1] - units
    flat = np.concatenate([weights[:, :columns].ravel(), weights[:, columns:].ravel()])
    scale = multiplier_and_shift(2.0**-9)
    plan = np.array(
        [columns, units, 0, 4 * units * columns, 0, *scale, *scale, DEFAULT_CELL_BITS, DEFAULT_HIDDEN_BITS], np.int64
    )
    biases = np.zeros(4 * units, np.int16)
    entering, hidden = vector[None, :columns].copy(), vector[columns:].copy()
    cell, outputs = np.zeros(units, np.int16), np.zeros((1, units), np.int8)
    sigmoid, tanh = expanded_table("sigmoid"), expanded_table("tanh")

    def step() -> None:
        kernels.lstm_layer(flat, biases, plan, entering, hidden, cell, sigmoid, tanh, outputs)

    return step
