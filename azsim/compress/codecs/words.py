"""Bytes as overlapping words: the 8 bytes that start at each byte, for kernels that load bits from anywhere."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided


def words_at(data: np.ndarray) -> np.ndarray:
    """uint64 ``(size - 7,)`` view of a contiguous uint8 array of at least 8: bytes k to k + 7, little-endian."""
    return as_strided(data[:8].view("<u8"), shape=(data.size - 7,), strides=(1,))
