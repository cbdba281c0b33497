"""The transducer loss: all alignments of labels to frames, summed.

::

    u ^        ┌──┐   a path goes from (0, 0) to (T-1, U), right by blank,
      |     ┌──┘//│   up by the next label, and ends with a blank;
      |  ┌──┘//┌──┘   it stays in a band low(t) <= u <= high(t)
      |  └─────┘      (0..U at every t for the plain loss)
      └───────────> t

Cells of a batch are packed one after the other without padding: utterance by
utterance, frame by frame, u rising. A band that keeps labels near the time
when they can have been spoken saves the joint network half its work.

**Source:** A. Graves, "Sequence transduction with recurrent neural networks",
2012 (arXiv:1211.3711), eqs. 16-20; alignment-restricted RNN-T (arXiv:2011.03072).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch.autograd import Function

from azsim.compiled import njit
from azsim.train.tokens import BLANK


@dataclass(frozen=True, eq=False)
class Cells:
    """Lengths, labels and band of a batch.

    Attributes:
        frames: T of each utterance.
        labels: label numbers of each utterance, length U each.
        low: int64 ``(sum of T,)``, least labels emitted before the step at t ends, rising from 0.
        high: int64 ``(sum of T,)``, most labels emitted, rising to U, at least the next frame's ``low``.
    """

    frames: tuple[int, ...]
    labels: tuple[tuple[int, ...], ...]
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def plain(cls, frames: Sequence[int], labels: Sequence[Sequence[int]]) -> Cells:
        """All cells of each utterance."""
        high = np.repeat([len(each) for each in labels], frames)
        return cls(tuple(frames), tuple(tuple(each) for each in labels), np.zeros_like(high), high)

    @cached_property
    def first_row(self) -> np.ndarray:
        """First row of each frame, int64 ``(sum of T + 1,)``; the last entry is the number of rows."""
        return np.concatenate([[0], np.cumsum(self.high - self.low + 1)])

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Per row, its frame in ``(B * max T)`` and its place in ``(B * (max U + 1))``, utterance first."""
        widths = self.high - self.low + 1
        utterance = np.repeat(np.arange(len(self.frames)), self.frames)
        t = np.concatenate([np.arange(frames) for frames in self.frames])
        u = np.arange(self.first_row[-1]) - np.repeat(self.first_row[:-1] - self.low, widths)
        most_labels = max(len(labels) for labels in self.labels)
        frame = np.repeat(utterance * max(self.frames) + t, widths)
        return frame, np.repeat(utterance * (most_labels + 1), widths) + u

    @cached_property
    def utterance(self) -> np.ndarray:
        """Per row, the number of its utterance."""
        return np.repeat(np.repeat(np.arange(len(self.frames)), self.frames), self.high - self.low + 1)

    @cached_property
    def next_labels(self) -> np.ndarray:
        """The label that an upward step emits, per row; the blank where all are emitted."""
        padded = np.full((len(self.labels), max(len(labels) for labels in self.labels) + 1), BLANK, np.int64)
        for b, labels in enumerate(self.labels):
            padded[b, : len(labels)] = labels
        return padded.reshape(-1)[self.places[1]]


class _Join(Function):
    """tanh(encoder[t] + prediction[u]) for every cell, packed."""

    @staticmethod
    def forward(ctx, encoder: torch.Tensor, prediction: torch.Tensor, cells: Cells) -> torch.Tensor:
        frame, place = (torch.from_numpy(rows) for rows in cells.places)
        hidden = encoder.reshape(-1, encoder.shape[2])[frame]
        hidden.add_(prediction.reshape(-1, prediction.shape[2])[place]).tanh_()
        ctx.save_for_backward(hidden)
        ctx.cells = cells
        ctx.shapes = encoder.shape, prediction.shape
        return hidden

    @staticmethod
    def backward(ctx, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        (hidden,) = ctx.saved_tensors
        return *_spread(torch.ops.aten.tanh_backward(grad, hidden), ctx.cells, ctx.shapes), None


class _Add(Function):
    """encoder[t] + prediction[u] for every cell, packed."""

    @staticmethod
    def forward(ctx, encoder: torch.Tensor, prediction: torch.Tensor, cells: Cells) -> torch.Tensor:
        frame, place = (torch.from_numpy(rows) for rows in cells.places)
        ctx.cells = cells
        ctx.shapes = encoder.shape, prediction.shape
        return encoder.reshape(-1, encoder.shape[2])[frame] + prediction.reshape(-1, prediction.shape[2])[place]

    @staticmethod
    def backward(ctx, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        return *_spread(grad, ctx.cells, ctx.shapes), None


def _spread(grad: torch.Tensor, cells: Cells, shapes: Sequence[torch.Size]) -> tuple[torch.Tensor, torch.Tensor]:
    """Each row's gradient added up by frame and by place."""
    encoder, prediction = (grad.new_zeros(shape) for shape in shapes)
    width = grad.shape[1]
    _scatter(
        grad.contiguous().numpy(), *cells.places, encoder.view(-1, width).numpy(), prediction.view(-1, width).numpy()
    )
    return encoder, prediction


class _Losses(Function):
    """Negative log probability of each utterance; the gradient is made in the forward pass."""

    @staticmethod
    def forward(ctx, logits: torch.Tensor, cells: Cells) -> torch.Tensor:
        rows = torch.arange(logits.shape[0])
        labels = torch.from_numpy(cells.next_labels)
        scores = torch.log_softmax(logits, 1)
        blank = scores[:, BLANK].contiguous()
        label = scores[rows, labels]
        losses, blank_share, label_share = _lattice(
            blank.numpy(),
            label.numpy(),
            np.array(cells.frames, np.int64),
            cells.first_row,
            cells.low,
            cells.high,
        )
        blank_share, label_share = torch.from_numpy(blank_share), torch.from_numpy(label_share)
        grad = scores.exp_().mul_((blank_share + label_share)[:, None])
        grad[:, BLANK] -= blank_share
        grad[rows, labels] -= label_share
        ctx.save_for_backward(grad)
        ctx.cells = cells
        return torch.from_numpy(losses).to(logits.dtype)

    @staticmethod
    def backward(ctx, grad_output: torch.Tensor) -> tuple[torch.Tensor, None]:
        (grad,) = ctx.saved_tensors
        return grad * grad_output[torch.from_numpy(ctx.cells.utterance)][:, None], None


def join(encoder: torch.Tensor, prediction: torch.Tensor, cells: Cells) -> torch.Tensor:
    """Joint hidden vectors of all cells.

    Args:
        encoder: float32 ``(B, max T, J)``, already projected, bias included.
        prediction: float32 ``(B, max U + 1, J)``, already projected.
        cells: the true lengths.

    Returns:
        float32 ``(rows, J)``, packed as the module says.
    """
    return _Join.apply(encoder, prediction, cells)


def add(encoder: torch.Tensor, prediction: torch.Tensor, cells: Cells) -> torch.Tensor:
    """Sums of all cells before the joint's function; arguments and result as of `join`."""
    return _Add.apply(encoder, prediction, cells)


def rnnt_losses(logits: torch.Tensor, cells: Cells) -> torch.Tensor:
    """Negative log probability of the labels of each utterance, float32 ``(B,)``.

    Args:
        logits: float32 ``(rows, vocabulary)``, packed as the module says, not normalised.
        cells: lengths and labels.
    """
    return _Losses.apply(logits, cells)


def rnnt_loss(logits: torch.Tensor, cells: Cells) -> torch.Tensor:
    """Summed negative log probability of the labels of a batch; arguments as of `rnnt_losses`."""
    return rnnt_losses(logits, cells).sum()


@njit(cache=True, nogil=True)
def _log_add(a: float, b: float) -> float:
    high, low = (a, b) if a > b else (b, a)
    if low == -np.inf:
        return high
    return high + np.log1p(np.exp(low - high))


@njit(cache=True, nogil=True)
def _scatter(
    grad: np.ndarray, frame: np.ndarray, place: np.ndarray, encoder: np.ndarray, prediction: np.ndarray
) -> None:
    """Add each row's gradient to its frame and to its place."""
    for row in range(grad.shape[0]):
        f, p = frame[row], place[row]
        for j in range(grad.shape[1]):
            encoder[f, j] += grad[row, j]
        for j in range(grad.shape[1]):
            prediction[p, j] += grad[row, j]


@njit(cache=True, nogil=True)
def _lattice(
    blank: np.ndarray, label: np.ndarray, frames: np.ndarray, first_row: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loss of each utterance, and how often a path is expected to take each cell's blank and label."""
    losses = np.zeros(frames.shape[0])
    rows = blank.shape[0]
    blank_share = np.zeros(rows, np.float32)
    label_share = np.zeros(rows, np.float32)
    before = np.full(rows, -np.inf)
    after = np.full(rows, -np.inf)
    begin = 0
    for b in range(frames.shape[0]):
        end = begin + frames[b]
        before[first_row[begin]] = 0.0
        for t in range(begin, end):
            for u in range(low[t], high[t] + 1):
                row = first_row[t] + u - low[t]
                value = before[row]
                if t > begin and u <= high[t - 1]:
                    left = first_row[t - 1] + u - low[t - 1]
                    value = before[left] + blank[left]
                if u > low[t]:
                    value = _log_add(value, before[row - 1] + label[row - 1])
                before[row] = value
        last = first_row[end] - 1
        likelihood = before[last] + blank[last]
        losses[b] = -likelihood
        for t in range(end - 1, begin - 1, -1):
            for u in range(high[t], low[t] - 1, -1):
                row = first_row[t] + u - low[t]
                by_blank, by_label = -np.inf, -np.inf
                if row == last:
                    by_blank = blank[row]
                elif t < end - 1 and u >= low[t + 1]:
                    by_blank = blank[row] + after[first_row[t + 1] + u - low[t + 1]]
                if u < high[t]:
                    by_label = label[row] + after[row + 1]
                after[row] = _log_add(by_blank, by_label)
                blank_share[row] = np.exp(before[row] + by_blank - likelihood)
                label_share[row] = np.exp(before[row] + by_label - likelihood)
        begin = end
    return losses, blank_share, label_share
