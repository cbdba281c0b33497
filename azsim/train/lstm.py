"""An LSTM layer as one function of autograd: only what must follow step by step is done step by step.

::

    all steps at once:   inputs @ W_input + bias                    forward
    step by step:        gates from that + hidden @ W_recurrent
    step by step:        gradient of the gates, back to hidden      backward
    all steps at once:   gradients of both matrices, bias, inputs

PyTorch's own layer computes the same; how the two compare depends on the CPU (`experiments/train_speed`).
Under autocast the products are taken in bfloat16, everything else stays in the type of the inputs.

**Source:** S. Hochreiter & J. Schmidhuber 1997 with forget gates; gates in PyTorch's order i, f, g, o.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.autograd import Function

from azsim.compiled import njit

State = tuple[torch.Tensor, torch.Tensor]


def lstm(layer: nn.LSTM, inputs: torch.Tensor, state: State | None = None) -> tuple[torch.Tensor, State]:
    """What ``layer(inputs, state)`` gives.

    Args:
        layer: one layer with bias, of one or both directions.
        inputs: ``(T, B, I)``.
        state: hidden and cell ``(1, B, H)`` at the start, of a layer of one direction; zeros without.

    Returns:
        outputs ``(T, B, H)`` (both directions side by side), and hidden and cell after the last step.
    """
    if not layer.bidirectional:
        return _direction(layer, "", inputs, state)
    onward, (hidden, cell) = _direction(layer, "", inputs, None)
    back, (hidden_back, cell_back) = _direction(layer, "_reverse", inputs.flip(0), None)
    last = torch.cat([hidden, hidden_back]), torch.cat([cell, cell_back])
    return torch.cat([onward, back.flip(0)], 2), last


def _direction(layer: nn.LSTM, end: str, inputs: torch.Tensor, state: State | None) -> tuple[torch.Tensor, State]:
    w_input, w_recurrent = getattr(layer, f"weight_ih_l0{end}"), getattr(layer, f"weight_hh_l0{end}")
    bias = getattr(layer, f"bias_ih_l0{end}") + getattr(layer, f"bias_hh_l0{end}")
    product = torch.bfloat16 if torch.is_autocast_enabled("cpu") else w_input.dtype
    zeros = w_input.new_zeros(inputs.shape[1], layer.hidden_size)
    hidden, cell = (zeros, zeros) if state is None else (state[0][0], state[1][0])
    with torch.autocast("cpu", enabled=False):
        outputs, last = _Lstm.apply(inputs, w_input, w_recurrent, bias, hidden, cell, product)
    return outputs, (outputs[-1:], last[None])


class _Lstm(Function):
    """A whole layer; arguments as named, ``product``: type in which matrices are multiplied and steps are kept.

    tanh(x) is 2 sigmoid(2x) - 1, so that one sigmoid serves all four gates: the candidate's rows are doubled. What a
    step works on is small enough for the nearest cache; what is kept of it is written once.
    """

    @staticmethod
    def forward(ctx, inputs, w_input, w_recurrent, bias, hidden, cell, product):
        steps, batch, _ = inputs.shape
        size, kind = w_recurrent.shape[1], bias.dtype
        flat_inputs = inputs.to(product).reshape(steps * batch, -1)
        doubled = _doubled(bias, size, product)
        gates = torch.addmm(doubled, flat_inputs, _doubled(w_input, size, product).t()).view(steps, batch, -1)
        hiddens = torch.empty(steps + 1, batch, size, dtype=product)
        cells = torch.empty(steps + 1, batch, size, dtype=kind)
        hiddens[0], cells[0] = hidden, cell
        back = _doubled(w_recurrent, size, product).t().contiguous()
        recurrent_product = torch.empty(batch, 4 * size, dtype=product)
        own, recurrent = torch.empty(2, batch, 4 * size, dtype=kind)
        tanh, output = torch.empty(2, batch, size, dtype=kind)
        arrays = [each.numpy() for each in (own, cells, tanh)]
        written = output.numpy()
        for t in range(steps):
            torch.mm(hiddens[t], back, out=recurrent_product)
            own.copy_(gates[t]).add_(recurrent.copy_(recurrent_product)).sigmoid_()
            _to_cell(*arrays, t)
            tanh.sigmoid_()
            _to_output(arrays[0], arrays[2], written)
            hiddens[t + 1] = output
            gates[t] = own
        ctx.save_for_backward(flat_inputs, w_input, w_recurrent, gates, cells, hiddens)
        return hiddens[1:].clone(), cells[-1].clone()

    @staticmethod
    def backward(ctx, grad_outputs, grad_cell):
        flat_inputs, w_input, w_recurrent, gates, cells, hiddens = ctx.saved_tensors
        steps, batch, size = grad_outputs.shape
        kind, product = cells.dtype, hiddens.dtype
        totals = torch.empty_like(gates)
        own, total = torch.empty(2, batch, 4 * size, dtype=kind)
        tanh, incoming = torch.empty(2, batch, size, dtype=kind)
        to_cell, to_hidden = grad_cell.to(kind).clone(), torch.zeros(batch, size, dtype=kind)
        from_recurrent, w_product = torch.zeros(batch, size, dtype=product), w_recurrent.to(product)
        arrays = [each.numpy() for each in (incoming, own, cells, tanh, to_hidden, to_cell, total)]
        for t in range(steps - 1, -1, -1):
            incoming.copy_(grad_outputs[t])
            own.copy_(gates[t])
            torch.mul(cells[t + 1], 2, out=tanh).sigmoid_()
            _to_gates(*arrays, t)
            totals[t] = total
            torch.mm(totals[t], w_product, out=from_recurrent)
            to_hidden.copy_(from_recurrent)
        flat = totals.view(steps * batch, -1)
        to_inputs = None
        if ctx.needs_input_grad[0]:
            to_inputs = torch.mm(flat, w_input.to(product)).view(steps, batch, -1)
        to_w_input = torch.mm(flat.t(), flat_inputs).to(kind)
        to_w_recurrent = torch.mm(flat.t(), hiddens[:-1].view(steps * batch, -1)).to(kind)
        return to_inputs, to_w_input, to_w_recurrent, torch.sum(flat, 0, dtype=kind), to_hidden, to_cell, None


def _doubled(rows: torch.Tensor, size: int, kind: torch.dtype) -> torch.Tensor:
    """Rows of the four gates, those of the candidate twice as large; a copy."""
    own = rows.detach().to(kind, copy=True)
    own[2 * size : 3 * size] *= 2
    return own


ONE, TWO = np.float32(1.0), np.float32(2.0)
"""With whole numbers numba would compute in float64."""


@njit(cache=True, nogil=True)
def _to_cell(gates: np.ndarray, cells: np.ndarray, twice: np.ndarray, t: int) -> None:
    """From the sigmoids of a step ``(B, 4H)`` to its candidate, the cell after it, and twice that cell."""
    size = cells.shape[2]
    for b in range(cells.shape[1]):
        own, old, new = gates[b], cells[t, b], cells[t + 1, b]
        for k in range(2 * size, 3 * size):
            own[k] = TWO * own[k] - ONE
        for k in range(size):
            new[k] = own[size + k] * old[k] + own[k] * own[2 * size + k]
        for k in range(size):
            twice[b, k] = TWO * new[k]


@njit(cache=True, nogil=True)
def _to_output(gates: np.ndarray, tanh: np.ndarray, output: np.ndarray) -> None:
    """From the sigmoid of twice the cell ``(B, H)`` to the output."""
    batch, size = output.shape
    for b in range(batch):
        for k in range(size):
            output[b, k] = gates[b, 3 * size + k] * (TWO * tanh[b, k] - ONE)


@njit(cache=True, nogil=True)
def _to_gates(
    incoming: np.ndarray,
    gates: np.ndarray,
    cells: np.ndarray,
    tanh: np.ndarray,
    to_hidden: np.ndarray,
    to_cell: np.ndarray,
    total: np.ndarray,
    t: int,
) -> None:
    """The gradient of the gates of step ``t`` before their functions, into ``total``; of the cell, in place.

    ``tanh`` comes as the sigmoid of twice the cell.
    """
    size = cells.shape[2]
    for b in range(cells.shape[1]):
        own, old, squashed, out, carried = gates[b], cells[t, b], tanh[b], total[b], to_cell[b]
        down, from_above = to_hidden[b], incoming[b]
        for k in range(size):
            down[k] += from_above[k]
            squashed[k] = TWO * squashed[k] - ONE
        for k in range(size):
            leave = own[3 * size + k]
            carried[k] += down[k] * leave * (ONE - squashed[k] * squashed[k])
            out[3 * size + k] = down[k] * squashed[k] * leave * (ONE - leave)
        for k in range(size):
            input_gate, candidate = own[k], own[2 * size + k]
            out[k] = carried[k] * candidate * input_gate * (ONE - input_gate)
            out[2 * size + k] = carried[k] * input_gate * (ONE - candidate * candidate)
        for k in range(size):
            forget = own[size + k]
            out[size + k] = carried[k] * old[k] * forget * (ONE - forget)
            carried[k] *= forget
