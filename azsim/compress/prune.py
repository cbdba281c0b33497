"""Magnitude pruning: the smallest weights of a matrix become zero."""

from __future__ import annotations

import numpy as np

from azsim.errors import InputError
from azsim.ranges import is_number


def prune(weights: np.ndarray, sparsity: float) -> np.ndarray:
    """Set the smallest weights to zero until a share of the matrix is zero.

    Zeros that are there already count first, so that a network fine-tuned to
    this share stays exactly as it is. Equal magnitudes go in row-major order.

    Args:
        weights: float32, any shape; not changed.
        sparsity: share of zeros, 0 to 1; ``floor(sparsity * size)`` weights at least are zero afterwards.

    Returns:
        float32 of the same shape, ``weights`` itself where nothing had to be done.

    Raises:
        InputError: ``sparsity`` outside 0 to 1.
    """
    if not is_number(sparsity) or not 0.0 <= sparsity <= 1.0:
        raise InputError(f"sparsity = {sparsity!r}: it is a share from 0 to 1 (half of the weights: 0.5)")
    wanted = int(sparsity * weights.size + 1e-6)
    if weights.size - np.count_nonzero(weights) >= wanted:
        return weights
    pruned = weights.flatten()
    magnitude = np.abs(pruned)
    threshold = np.partition(magnitude, wanted - 1)[wanted - 1]
    below = magnitude < threshold
    pruned[below] = 0
    ties = np.flatnonzero(magnitude == threshold)
    pruned[ties[: wanted - np.count_nonzero(below)]] = 0
    return pruned.reshape(weights.shape)
