"""The transducer loss: all alignments of labels to frames, summed.

::

    u  ^  label   each utterance has T x (U+1) cells; a path goes from (0, 0)
       |  ┌──>    to (T-1, U), right by blank, up by the next label, and
       └──┴───> t ends with a blank

Cells of a batch are packed one utterance after the other, without padding:
cell ``(t, u)`` of an utterance is row ``offset + t * (U+1) + u``.

**Source:** A. Graves, "Sequence transduction with recurrent neural networks",
2012 (arXiv:1211.3711), eqs. 16-20.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from torch.autograd import Function

from azsim.train.tokens import BLANK


@dataclass(frozen=True)
class Cells:
    """Where the cells of each utterance of a batch lie.

    Attributes:
        frames: T of each utterance.
        labels: label numbers of each utterance, length U each.
    """

    frames: tuple[int, ...]
    labels: tuple[tuple[int, ...], ...]

    @property
    def offsets(self) -> list[int]:
        """First row of each utterance, and the number of rows as the last entry."""
        offsets = [0]
        for frames, labels in zip(self.frames, self.labels, strict=True):
            offsets.append(offsets[-1] + frames * (len(labels) + 1))
        return offsets

    def next_labels(self) -> np.ndarray:
        """The label that an upward step emits, per row; the blank in the top rows."""
        rows = [
            np.tile(np.array((*labels, BLANK), np.int64), frames)
            for frames, labels in zip(self.frames, self.labels, strict=True)
        ]
        return np.concatenate(rows)


class _Join(Function):
    """tanh(encoder[t] + prediction[u]) for every cell, packed."""

    @staticmethod
    def forward(ctx, encoder: torch.Tensor, prediction: torch.Tensor, cells: Cells) -> torch.Tensor:
        width = encoder.shape[2]
        offsets = cells.offsets
        hidden = encoder.new_empty(offsets[-1], width)
        for b, (frames, labels) in enumerate(zip(cells.frames, cells.labels, strict=True)):
            block = hidden[offsets[b] : offsets[b + 1]].view(frames, len(labels) + 1, width)
            torch.add(encoder[b, :frames, None], prediction[b, None, : len(labels) + 1], out=block)
        hidden.tanh_()
        ctx.save_for_backward(hidden)
        ctx.cells = cells
        ctx.shapes = encoder.shape, prediction.shape
        return hidden

    @staticmethod
    def backward(ctx, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        (hidden,) = ctx.saved_tensors
        grad = torch.ops.aten.tanh_backward(grad, hidden)
        encoder_shape, prediction_shape = ctx.shapes
        encoder, prediction = grad.new_zeros(encoder_shape), grad.new_zeros(prediction_shape)
        offsets = ctx.cells.offsets
        for b, (frames, labels) in enumerate(zip(ctx.cells.frames, ctx.cells.labels, strict=True)):
            block = grad[offsets[b] : offsets[b + 1]].view(frames, len(labels) + 1, -1)
            encoder[b, :frames] = block.sum(1)
            prediction[b, : len(labels) + 1] = block.sum(0)
        return encoder, prediction, None


class _Loss(Function):
    """Sum of the negative log probabilities; the gradient is made in the forward pass."""

    @staticmethod
    def forward(ctx, logits: torch.Tensor, cells: Cells) -> torch.Tensor:
        rows = torch.arange(logits.shape[0])
        labels = torch.from_numpy(cells.next_labels())
        scores = torch.log_softmax(logits, 1)
        blank = scores[:, BLANK].contiguous()
        label = scores[rows, labels]
        loss, blank_share, label_share = _lattice(
            blank.numpy(),
            label.numpy(),
            np.array(cells.offsets, np.int64),
            np.array(cells.frames, np.int64),
        )
        blank_share, label_share = torch.from_numpy(blank_share), torch.from_numpy(label_share)
        grad = scores.exp_().mul_((blank_share + label_share)[:, None])
        grad[:, BLANK] -= blank_share
        grad[rows, labels] -= label_share
        ctx.save_for_backward(grad)
        return logits.new_tensor(loss)

    @staticmethod
    def backward(ctx, grad_output: torch.Tensor) -> tuple[torch.Tensor, None]:
        (grad,) = ctx.saved_tensors
        return grad.mul_(grad_output), None


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


def rnnt_loss(logits: torch.Tensor, cells: Cells) -> torch.Tensor:
    """Summed negative log probability of the labels of a batch.

    Args:
        logits: float32 ``(rows, vocabulary)``, packed as the module says, not normalised.
        cells: lengths and labels.
    """
    return _Loss.apply(logits, cells)


@njit(cache=True, nogil=True)
def _log_add(a: float, b: float) -> float:
    high, low = (a, b) if a > b else (b, a)
    if low == -np.inf:
        return high
    return high + np.log1p(np.exp(low - high))


@njit(cache=True, nogil=True)
def _lattice(
    blank: np.ndarray, label: np.ndarray, offsets: np.ndarray, frames: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Loss, and how often a path is expected to take each cell's blank and label."""
    total = 0.0
    blank_share = np.zeros(blank.shape[0], np.float32)
    label_share = np.zeros(blank.shape[0], np.float32)
    for b in range(frames.shape[0]):
        start, steps = offsets[b], frames[b]
        rows = offsets[b + 1] - start
        width = rows // steps
        forward = np.full(rows, -np.inf)
        forward[0] = 0.0
        for cell in range(1, rows):
            t, u = cell // width, cell % width
            value = -np.inf
            if t > 0:
                value = forward[cell - width] + blank[start + cell - width]
            if u > 0:
                value = _log_add(value, forward[cell - 1] + label[start + cell - 1])
            forward[cell] = value
        likelihood = forward[rows - 1] + blank[start + rows - 1]
        total -= likelihood
        after = np.full(rows + width, -np.inf)
        after[rows + width - 1] = 0.0
        for cell in range(rows - 1, -1, -1):
            u = cell % width
            by_blank = blank[start + cell] + after[cell + width]
            by_label = -np.inf
            if u < width - 1:
                by_label = label[start + cell] + after[cell + 1]
            after[cell] = _log_add(by_blank, by_label)
            blank_share[start + cell] = np.exp(forward[cell] + by_blank - likelihood)
            label_share[start + cell] = np.exp(forward[cell] + by_label - likelihood)
    return total, blank_share, label_share
