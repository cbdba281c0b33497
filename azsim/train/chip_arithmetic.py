"""Activations as the chip computes them, while training: the same grids, the same rounding, the same tables.

::

    int8 x ─ W_input ──round──┐
    int8 h ─ W_recurrent ─round┴─ + bias ─ saturate ─ Q4.11 ─ table ─ Q0.15 ─ round ─> cell (int16), hidden (int8)

Forward is `docs/integer.md` in float32, where every integer below 2**24 is exact; only a sum that lies within float32's
rounding of a half may go to the other neighbour. Backward goes straight through each rounding, by the derivatives of
the exact functions at the rounded values.

**Source:** emulating the accelerator in training: arXiv:2305.07778; straight-through gradients: arXiv:1308.3432.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn
from torch.autograd import Function

from azsim.nn.fixed_point import GATE_BITS, INT8_LIMIT, INT16_MAX, INT16_MIN, TABLE_BITS, expanded_table
from azsim.nn.rnnt.formats import JOINT_HIDDEN_BITS, LstmFormat

GATE_STEPS = 2.0**GATE_BITS


@dataclass(frozen=True)
class ChipFormats:
    """Grids of the activations that depend on the network; see `azsim.nn.rnnt.formats.Formats`."""

    feature_scale: float
    lstm: Mapping[str, LstmFormat]


@cache
def _table(function: str) -> torch.Tensor:
    """float32 values for all 65,536 inputs in Q4.11, the lowest first."""
    return torch.from_numpy(expanded_table(function).astype("float32")) * 2.0**-TABLE_BITS


def rounded(values: torch.Tensor) -> torch.Tensor:
    """To nearest, halves away from zero."""
    return torch.copysign(torch.floor(values.abs() + 0.5), values)


def from_table(function: str, steps: torch.Tensor) -> torch.Tensor:
    """A function's table at Q4.11 inputs, given as whole steps in float32, saturated."""
    return _table(function)[steps.clamp(INT16_MIN, INT16_MAX).to(torch.int64) - INT16_MIN]


class _OnGrid(Function):
    """Values on a grid; the gradient goes through where they are not saturated."""

    @staticmethod
    def forward(ctx, values: torch.Tensor, scale: float, limit: int) -> torch.Tensor:
        steps = rounded(values.float() / scale)
        ctx.save_for_backward(steps.abs() <= limit)
        return steps.clamp(-limit, limit) * scale

    @staticmethod
    def backward(ctx, grad: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (inside,) = ctx.saved_tensors
        return grad * inside, None, None


def int8(values: torch.Tensor, scale: float) -> torch.Tensor:
    """Values on the symmetric int8 grid ``scale * q``."""
    return _OnGrid.apply(values, scale, INT8_LIMIT)


def gate(values: torch.Tensor) -> torch.Tensor:
    """Values in Q4.11, saturated to int16."""
    return _OnGrid.apply(values, 1 / GATE_STEPS, INT16_MAX)


class _Tanh(Function):
    """tanh of Q4.11 values by the table, rounded to Q0.7."""

    @staticmethod
    def forward(ctx, values: torch.Tensor) -> torch.Tensor:
        exact = from_table("tanh", rounded(values * GATE_STEPS))
        ctx.save_for_backward(exact)
        steps = 2.0**JOINT_HIDDEN_BITS
        return rounded(exact * steps).clamp(-INT8_LIMIT, INT8_LIMIT) / steps

    @staticmethod
    def backward(ctx, grad: torch.Tensor) -> torch.Tensor:
        (exact,) = ctx.saved_tensors
        return torch.ops.aten.tanh_backward(grad, exact)


def joint_hidden(values: torch.Tensor) -> torch.Tensor:
    """The joint's hidden vector of a sum in Q4.11."""
    return _Tanh.apply(values)


class _Lstm(Function):
    """A whole LSTM layer in the chip's arithmetic.

    Arguments of ``forward``: inputs ``(T, B, I)``, ``W_input (4H, I)``, ``W_recurrent (4H, H)``, ``bias (4H,)``, hidden
    and cell ``(B, H)`` at the start, the layer's format. It returns all hidden states ``(T, B, H)`` and the last cell.
    """

    @staticmethod
    def forward(ctx, inputs, w_input, w_recurrent, bias, hidden, cell, form):
        steps, batch, _ = inputs.shape
        size = w_recurrent.shape[1]
        cell_steps, hidden_steps = 2.0**form.cell_bits, 2.0**form.hidden_bits
        from_input = rounded(inputs.reshape(steps * batch, -1) @ w_input.t() * GATE_STEPS).reshape(steps, batch, -1)
        from_input += rounded(bias * GATE_STEPS).clamp(-INT16_MAX, INT16_MAX)
        gates, cells = torch.empty_like(from_input), inputs.new_empty(steps + 1, batch, size)
        hiddens, tanhs = inputs.new_empty(steps + 1, batch, size), inputs.new_empty(steps, batch, size)
        hiddens[0], cells[0] = hidden, cell
        back = w_recurrent.t().contiguous()
        for t in range(steps):
            total = from_input[t] + rounded(hiddens[t] @ back * GATE_STEPS)
            own = gates[t]
            own[:, : 2 * size] = from_table("sigmoid", total[:, : 2 * size])
            own[:, 2 * size : 3 * size] = from_table("tanh", total[:, 2 * size : 3 * size])
            own[:, 3 * size :] = from_table("sigmoid", total[:, 3 * size :])
            input_gate, forget, candidate, output = own.split(size, 1)
            sums = rounded(forget * cells[t] * cell_steps) + rounded(input_gate * candidate * cell_steps)
            cells[t + 1] = sums.clamp(INT16_MIN, INT16_MAX) / cell_steps
            tanhs[t] = from_table("tanh", rounded(cells[t + 1] * GATE_STEPS))
            out = rounded(output * tanhs[t] * hidden_steps)
            hiddens[t + 1] = out.clamp(-INT8_LIMIT, INT8_LIMIT) / hidden_steps
        ctx.save_for_backward(inputs, w_input, w_recurrent, gates, cells, hiddens, tanhs)
        ctx.largest = INT16_MAX / cell_steps
        return hiddens[1:].clone(), cells[-1].clone()

    @staticmethod
    def backward(ctx, grad_hidden, grad_cell):
        inputs, w_input, w_recurrent, gates, cells, hiddens, tanhs = ctx.saved_tensors
        steps, batch, size = tanhs.shape
        totals = torch.empty_like(gates)
        to_cell, to_hidden = grad_cell.clone(), torch.zeros_like(tanhs[0])
        for t in range(steps - 1, -1, -1):
            input_gate, forget, candidate, output = gates[t].split(size, 1)
            to_hidden = to_hidden + grad_hidden[t]
            to_cell = to_cell + to_hidden * output * (1 - tanhs[t] ** 2)
            to_cell = to_cell * (cells[t + 1].abs() < ctx.largest)
            own = totals[t]
            own[:, :size] = to_cell * candidate * input_gate * (1 - input_gate)
            own[:, size : 2 * size] = to_cell * cells[t] * forget * (1 - forget)
            own[:, 2 * size : 3 * size] = to_cell * input_gate * (1 - candidate**2)
            own[:, 3 * size :] = to_hidden * tanhs[t] * output * (1 - output)
            to_cell = to_cell * forget
            to_hidden = own @ w_recurrent
        flat = totals.reshape(steps * batch, -1)
        to_w_input = flat.t() @ inputs.reshape(steps * batch, -1)
        to_w_recurrent = flat.t() @ hiddens[:-1].reshape(steps * batch, -1)
        to_inputs = (flat @ w_input).reshape(inputs.shape)
        return to_inputs, to_w_input, to_w_recurrent, flat.sum(0), to_hidden, to_cell, None


def lstm(
    layer: nn.LSTM,
    inputs: torch.Tensor,
    form: LstmFormat,
    state: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
    """What ``layer(inputs, state)`` gives, in the chip's arithmetic; one direction, one layer."""
    zeros = inputs.new_zeros(inputs.shape[1], layer.hidden_size, dtype=torch.float32)
    hidden, cell = (zeros, zeros) if state is None else (state[0][0], state[1][0])
    with torch.autocast("cpu", enabled=False):
        bias = layer.bias_ih_l0 + layer.bias_hh_l0
        outputs, last = _Lstm.apply(inputs.float(), layer.weight_ih_l0, layer.weight_hh_l0, bias, hidden, cell, form)
    return outputs, (outputs[-1:], last[None])
