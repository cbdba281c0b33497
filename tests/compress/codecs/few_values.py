"""Random matrices of few values."""

from __future__ import annotations

import numpy as np


def few_values(bits: int, seed: int, shape: tuple[int, int], sparsity: float = 0.5) -> np.ndarray:
    """A random matrix whose non-zero values fill a palette of ``bits`` bits."""
    rng = np.random.default_rng(seed)
    palette = rng.choice(np.setdiff1d(np.arange(-128, 128), [0]), size=min(255, 1 << bits), replace=False)
    return (rng.choice(palette, size=shape) * (rng.random(shape) >= sparsity)).astype(np.int8)
