"""Real-valued weights to int8 values and one scale per matrix: uniform steps, or a palette that loses least.

::

    uniform, 3 bits:   -3  -2  -1   0   1   2   3      (times a step)
    palette, 2 bits:   -71     -19      24      90     (of the grid -127..127, times max|w| / 127)

All work is done on weights times the power of two that brings the largest to 0.5 or more, so that the values do not
depend on such a factor, however small or large the weights are.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from azsim.compiled import njit
from azsim.errors import InputError

GRID = 127
CELLS_PER_STEP = 16
CELLS = 2 * GRID * CELLS_PER_STEP + 1
ZERO_CELL = GRID * CELLS_PER_STEP
CENTRES = np.minimum((np.arange(CELLS) - ZERO_CELL + 0.5) / CELLS_PER_STEP, GRID)
CLIP_SHARES = np.linspace(1.0, 0.3, 57)
CHUNK = 1 << 18

Clip = Literal["least-squares", "max"]
Zero = Literal["free", "kept", "extra"]


def uniform(weights: np.ndarray, weight_bits: int, clip: Clip = "least-squares") -> tuple[np.ndarray, float]:
    """Quantise to ``-(2^(b-1) - 1) .. 2^(b-1) - 1`` in equal steps around zero.

    Args:
        weights: float32, any shape.
        weight_bits: 2 to 8.
        clip: where the outermost value lies: at the largest magnitude (``max``), or where the squared error is least.

    Returns:
        int8 values of the same shape, and the scale: ``weight ~ scale * value``. Zero stays zero.

    Raises:
        InputError: one bit (which leaves only zero), or weights that are not finite.
    """
    if not 2 <= weight_bits <= 8:
        raise InputError(f"weight_bits = {weight_bits}: uniform values take 2 to 8 bits; 1 bit takes codec 'palette'")
    top = (1 << (weight_bits - 1)) - 1
    source, largest, exponent = _normalised(weights)
    out = np.zeros(weights.shape, dtype=np.int8)
    if largest == 0.0:
        return out, 1.0
    scale = largest / top
    if clip == "least-squares":
        scale *= _best_clip(_cells(source, largest), top)
    target, steps_per_unit = out.reshape(-1), np.float32(1.0 / scale)
    for start in range(0, source.size, CHUNK):
        chunk = slice(start, start + CHUNK)
        target[chunk] = np.clip(np.rint(source[chunk] * steps_per_unit), -top, top)
    return out, math.ldexp(scale, exponent)


def lloyd_max(weights: np.ndarray, weight_bits: int, zero: Zero = "free") -> tuple[np.ndarray, float]:
    """Quantise to the palette of int8 entries that gives the least squared error.

    Lloyd's two conditions (thresholds half-way between entries, entries at the
    mean of their weights) have many fixed points; on the int8 grid the best of
    all is found exactly, by dynamic programming over a histogram of 1/16 steps.

    Args:
        weights: float32, any shape.
        weight_bits: the palette has ``2^b`` entries.
        zero: ``free``: zero is an entry if that loses least; ``kept``: zero is one of the entries, so zeros stay zero;
            ``extra``: zero comes on top of the ``2^b`` entries, as where zeros go through a bitmap.

    Returns:
        int8 values of the same shape, and the scale ``max|w| / 127``.

    Raises:
        InputError: weights that are not finite.

    **Source:** S. P. Lloyd, "Least squares quantization in PCM", 1982; exact one-dimensional form: X. Wu, 1991.
    """
    source, largest, exponent = _normalised(weights)
    out = np.zeros(weights.shape, dtype=np.int8)
    if largest == 0.0:
        return out, 1.0
    counts = _cells(source, largest)
    entries = _best_palette(counts, (1 << weight_bits) + (zero == "extra"), keep_zero=zero != "free")
    value_of_cell = _nearest_entry(entries)
    _assign(source, np.float32(ZERO_CELL / largest), value_of_cell, out.reshape(-1))
    return out, math.ldexp(largest / GRID, exponent)


def _normalised(weights: np.ndarray) -> tuple[np.ndarray, float, int]:
    """The weights times ``2^-exponent``, flat float32; their largest magnitude, 0 or from 0.5 up to 1; the exponent.

    The product is exact where it matters: up to 2^-126 of the largest magnitude.
    """
    if weights.size == 0:
        raise InputError("there are no weights to quantise")
    with np.errstate(over="ignore"):
        flat = np.ascontiguousarray(weights, dtype=np.float32).reshape(-1)
    largest = max(abs(float(flat.min())), abs(float(flat.max())))
    if not np.isfinite(largest):
        raise InputError("the weights contain values that are not finite numbers")
    fraction, exponent = math.frexp(largest)
    if -100 <= exponent <= 100:
        return flat * np.float32(2.0**-exponent), fraction, exponent
    return np.ldexp(flat, -exponent), fraction, exponent  # slower, but its factor need not be a float32


@njit(cache=True, nogil=True)
def _count(weights, cells_per_unit, counts):
    """Add the weights (float32) to the histogram; in two passes over a small buffer, since the first is vectorised."""
    cells = np.empty(1024, dtype=np.uint16)
    for start in range(0, weights.size, cells.size):
        size = min(cells.size, weights.size - start)
        for k in range(size):
            cell = np.int32(weights[start + k] * cells_per_unit + np.float32(ZERO_CELL))
            cells[k] = np.uint16(min(max(cell, np.int32(0)), np.int32(CELLS - 1)))
        for k in range(size):
            counts[cells[k]] += 1


@njit(cache=True, nogil=True)
def _assign(weights, cells_per_unit, value_of_cell, out):
    """Write each weight's value, found by its cell."""
    for k in range(weights.size):
        cell = np.int32(weights[k] * cells_per_unit + np.float32(ZERO_CELL))
        out[k] = value_of_cell[np.uint32(min(max(cell, np.int32(0)), np.int32(CELLS - 1)))]


def _cells(source: np.ndarray, largest: float) -> np.ndarray:
    """How many weights lie in each cell: int64 ``(CELLS,)``."""
    counts = np.zeros(CELLS, dtype=np.int64)
    _count(source, np.float32(ZERO_CELL / largest), counts)
    return counts


def _best_clip(counts: np.ndarray, top: int) -> float:
    """The share of the largest magnitude, at most 1, at which clipping gives the least squared error."""
    centres = CENTRES / GRID
    steps = CLIP_SHARES[:, None] / top
    errors = ((np.clip(np.rint(centres / steps), -top, top) * steps - centres) ** 2 * counts).sum(axis=1)
    return float(CLIP_SHARES[int(np.argmin(errors))])


def _best_palette(counts: np.ndarray, entries: int, keep_zero: bool) -> np.ndarray:
    """At most ``entries`` grid values, rising, of least squared error over the histogram ``counts``."""
    levels = np.arange(-GRID, GRID + 1)
    if entries >= levels.size:
        return levels
    between, left, right = _costs(counts)
    if keep_zero:
        between[:GRID, GRID + 1 :] = np.inf
        left[GRID + 1 :] = np.inf
        right[:GRID] = np.inf
    best = left
    came_from = np.zeros((entries, levels.size), dtype=np.int64)
    for k in range(1, entries):
        total = best[:, None] + between
        came_from[k] = np.argmin(total, axis=0)
        best = total[came_from[k], np.arange(levels.size)]
    chosen = [int(np.argmin(best + right))]
    for k in range(entries - 1, 0, -1):
        chosen.append(int(came_from[k, chosen[-1]]))
    return levels[np.unique(chosen)]


def _costs(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Squared errors, in grid steps, if grid values i and j are neighbours in the palette.

    Returns:
        between: float64 ``(255, 255)``, of the weights between i and j, each taken to the nearer; 0 on the
            diagonal (an entry used twice), infinite below it.
        left, right: float64 ``(255,)``, of the weights below the first entry and above the last.
    """
    moments = np.stack([counts, counts * CENTRES, counts * CENTRES**2])
    sums = np.concatenate([np.zeros((3, 1)), np.cumsum(moments, axis=1)], axis=1)
    levels = np.arange(-GRID, GRID + 1)
    at = (levels + GRID) * CELLS_PER_STEP

    def error(start: np.ndarray, stop: np.ndarray, value: np.ndarray) -> np.ndarray:
        n, first, second = sums[:, stop] - sums[:, start]
        return second - 2 * value * first + value**2 * n

    middle = (at[:, None] + at[None, :]) // 2
    low = np.broadcast_to(at[:, None], middle.shape)
    high = np.broadcast_to(at[None, :], middle.shape)
    between = error(low, middle, levels[:, None]) + error(middle, high, levels[None, :])
    between[np.tril_indices(levels.size, -1)] = np.inf
    np.fill_diagonal(between, 0.0)
    left = error(np.zeros_like(at), at, levels)
    right = error(at, np.full_like(at, counts.size), levels)
    return between, left, right


def _nearest_entry(entries: np.ndarray) -> np.ndarray:
    """The entry for each cell, int8 ``(CELLS,)``; thresholds half-way between entries are edges of cells."""
    thresholds = (entries[1:] + entries[:-1]) / 2
    return entries[np.searchsorted(thresholds, CENTRES)].astype(np.int8)
