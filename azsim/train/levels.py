"""The values that a matrix's weights may take on the device, and how far the weights are from them.

::

    |sin| ^  .-.   .-.      .-.
          | /   \\ /   \\    /   \\
          └a─────b─────c──d─────e──> weight        levels need not lie evenly

Both functions go over all weights at every step, so a weight's interval is looked up in a table of equal cells and not
searched for.

**Source:** absolute cosine regulariser: Nguyen et al., Interspeech 2020; between centroids: Zhen et al. 2022
(arXiv:2206.15408). A sine where those have a cosine, since the grid shall contain zero; the normalisation is ours.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from azsim.compiled import njit
from azsim.compress.codecs import get
from azsim.compress.quantise import GRID
from azsim.compress.recipe import MatrixRecipe, quantise

CELLS = 1 << 14


def levels_of(weights: np.ndarray, weight_bits: int, codec: str) -> np.ndarray:
    """The values that a matrix's weights may take on the device, rising, float32.

    Values that the quantiser finds once more among themselves: a palette is scaled so that its largest entry is the
    largest of the int8 grid.
    """
    values, (scale,), _ = quantise(weights, MatrixRecipe(weight_bits, 0.0, codec))
    if get(codec).grid == "uniform" or weight_bits == 8:
        top = (1 << (weight_bits - 1)) - 1
        return (np.arange(-top, top + 1) * scale).astype(np.float32)
    entries = np.unique(values).astype(np.float64)
    largest = max(1.0, float(np.abs(entries).max()))
    return (np.rint(entries * GRID / largest) * (scale * largest / GRID)).astype(np.float32)


def snap(weights: torch.Tensor, levels: np.ndarray) -> None:
    """Put each weight on its nearest level, in place.

    Args:
        weights: float32, contiguous, no gradient.
        levels: float32, rising; of a matrix of zeros there may be one alone, and nothing happens.
    """
    if len(levels) > 1:
        nearest = _interval_of_cell(levels, (levels[1:] + levels[:-1]) / 2)
        _snap(weights.numpy().reshape(-1), levels[0], _cells_per_unit(levels), levels[nearest])


def absolute_sine(weights: torch.Tensor, levels: np.ndarray) -> tuple[float, torch.Tensor]:
    """The regulariser and its gradient.

    Between neighbouring levels a and b it is ``(b - a) / pi * |sin(pi * (w - a) / (b - a))|``, so its gradient
    is at most 1 in size whatever the grid; beyond the outermost levels it is the distance to them.

    Args:
        weights: float32, contiguous, no gradient.
        levels: float32, rising, at least two.

    Returns:
        the sum over weights, and the gradient, the weights' shape.
    """
    gradient = torch.empty_like(weights)
    low = _interval_of_cell(levels, levels[1:-1])
    arguments = (levels[0], levels[-1], _cells_per_unit(levels), low, levels)
    return _sine(weights.numpy().reshape(-1), *arguments, gradient.numpy().reshape(-1)), gradient


def _cells_per_unit(levels: np.ndarray) -> np.float32:
    return np.float32((CELLS - 1) / (levels[-1] - levels[0]))


def _interval_of_cell(levels: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many of the rising ``edges`` lie at or below the middle of each cell, from the first level to the last."""
    at = np.searchsorted(np.linspace(levels[0], levels[-1], CELLS), edges)
    return np.repeat(np.arange(len(edges) + 1, dtype=np.uint8), np.diff(at, prepend=0, append=CELLS))


@njit(cache=True, nogil=True)
def _snap(weights, first, cells_per_unit, value_of_cell):
    for k in range(weights.size):
        cell = np.int64((weights[k] - first) * cells_per_unit + np.float32(0.5))
        weights[k] = value_of_cell[min(max(cell, 0), value_of_cell.size - 1)]


@njit(cache=True, nogil=True)
def _sine(weights, first, last, cells_per_unit, low_of_cell, levels, gradient):
    total = 0.0
    for k in range(weights.size):
        weight = weights[k]
        if weight < first:
            total += math.pi * (first - weight)
            gradient[k] = -1.0
        elif weight > last:
            total += math.pi * (weight - last)
            gradient[k] = 1.0
        else:
            cell = np.int64((weight - first) * cells_per_unit + np.float32(0.5))  # of no number: any
            low = low_of_cell[min(max(cell, 0), low_of_cell.size - 1)]
            width = levels[low + 1] - levels[low]
            phase = np.float32(math.pi) * (weight - levels[low]) / width
            total += width * abs(math.sin(phase))
            gradient[k] = math.copysign(1.0, math.sin(phase)) * math.cos(phase)
    return total / math.pi
