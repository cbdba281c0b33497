"""One scale for each of several groups of a matrix's rows: the gates of an LSTM, or every row.

::

    uniform:   each group on steps of its own
    palette:   group / its largest magnitude ──all rows together──> one palette; scale of a group = palette's * largest

A gate whose weights are small against the others' would have a few of the steps of a scale that all share.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from azsim.errors import InputError

Quantise = Callable[[np.ndarray], tuple[np.ndarray, float]]
"""Float32 weights to int8 values of the same shape and their scale."""


def by_group(weights: np.ndarray, groups: int, quantise: Quantise) -> tuple[np.ndarray, tuple[float, ...]]:
    """Each group of rows quantised alone.

    Args:
        weights: float32 ``(rows, columns)``; any shape with one group.
        groups: must divide the rows.
        quantise: of one group.

    Returns:
        int8 values of the same shape, and a scale for each group.

    Raises:
        InputError: as ``quantise``.
    """
    if groups == 1:
        values, scale = quantise(weights)
        return values, (scale,)
    found = [quantise(part) for part in np.split(weights, groups)]
    return np.concatenate([values for values, _ in found]), tuple(scale for _, scale in found)


def on_one_palette(weights: np.ndarray, groups: int, quantise: Quantise) -> tuple[np.ndarray, tuple[float, ...]]:
    """All groups on the palette that suits them together once each is divided by its largest magnitude.

    Args and returns as `by_group`; a group of zeros has scale 1.

    Raises:
        InputError: as ``quantise``, or weights that are not finite.
    """
    if groups == 1:
        return by_group(weights, groups, quantise)
    parts = weights.astype(np.float64).reshape(groups, -1)
    largest = np.abs(parts).max(axis=1)
    if not np.isfinite(largest).all():
        raise InputError("the weights contain values that are not finite numbers")
    units = np.where(largest > 0, largest, 1.0)
    values, scale = quantise((parts / units[:, None]).astype(np.float32).reshape(weights.shape))
    return values, tuple(np.where(largest > 0, scale * units, 1.0).tolist())
