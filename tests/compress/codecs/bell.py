"""Random matrices whose values are bell-shaped, as those of trained weights."""

from __future__ import annotations

import numpy as np


def gauss(shape: tuple[int, int], sigma: float | np.ndarray, seed: int, zeros: float = 0.0) -> np.ndarray:
    """Of one scale, or one for each place; a share of zeros."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape) * sigma * (rng.random(shape) >= zeros)
    return np.rint(values).clip(-127, 127).astype(np.int8)


def scaled(shape: tuple[int, int], seed: int) -> np.ndarray:
    """Rows and columns of different scale."""
    rng = np.random.default_rng(seed)
    return gauss(shape, 4 * 2.0 ** rng.normal(0, 0.7, (shape[0], 1)) * 2.0 ** rng.normal(0, 0.4, shape[1]), seed)
