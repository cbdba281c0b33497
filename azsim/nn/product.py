"""Exact products of int8 matrices with int8 or int16 vectors, int32 sums: what all integer kernels multiply with.

Where the CPU has a dot product of bytes (`azsim.nn.vnni`) it does them, four rows and up to four vectors at a time;
else compiled loops. The sums are the same: both are exact. An int16 vector takes two passes, as on the chip:
``x = 256 * coarse + fine + 128`` with both bytes signed, ``W x = 256 * (W coarse) + W fine + 128 * (sum of the row)``.
"""

from __future__ import annotations

import numpy as np

from azsim.compiled import njit
from azsim.nn import vnni

VECTOR_BYTES = vnni.vector_bytes()
FOUR_VECTORS = 4


@njit(cache=True, nogil=True)
def _loops(weights: np.ndarray, at: int, rows: int, vectors: np.ndarray, columns: int, sums: np.ndarray) -> None:
    """`multiply` by loops; indices are unsigned, so that no test for negative ones stands in the way."""
    for k in range(vectors.shape[0]):
        vector = vectors[k]
        for r in range(rows):
            start = at + r * columns
            total = np.int32(0)
            for c in range(columns):
                total = np.int32(total + np.int32(weights[np.uint64(start + c)]) * np.int32(vector[np.uint64(c)]))
            sums[k, r] = total


if VECTOR_BYTES:
    _one_vector = vnni.block(VECTOR_BYTES, 1)
    _four_vectors = vnni.block(VECTOR_BYTES, FOUR_VECTORS)

    @njit(cache=True, nogil=True)
    def multiply(weights: np.ndarray, at: int, rows: int, vectors: np.ndarray, columns: int, sums: np.ndarray) -> None:
        """Exact int32 ``sums`` ``(n, rows)`` of an int8 matrix with int8 vectors.

        Args:
            weights: flat int8; the matrix begins at ``at`` and is ``(rows, columns)``.
            vectors: int8 ``(n, columns)``, or longer ones.
            sums: out, ``(n, rows)`` of a C-contiguous array.
        """
        count, filled = vectors.shape[0], -(-columns // VECTOR_BYTES) * VECTOR_BYTES
        entries = np.empty((count, filled), np.uint8)
        for k in range(count):
            for c in range(columns):
                entries[k, c] = np.uint8(np.int16(vectors[k, c]) + 128)
        k, wide = 0, sums.shape[1]
        while k < count:
            four = k + FOUR_VECTORS <= count
            r = 0
            while r < rows:
                whole = r + vnni.ROWS <= rows  # else one row at a time: the block takes it four times
                step, next_row = (columns, 1) if whole else (0, 0)
                weight, entry, out = at + r * columns, k * filled, k * wide + r
                if four:
                    _four_vectors(weights, weight, step, columns, entries, entry, filled, sums, out, next_row, wide)
                else:
                    _one_vector(weights, weight, step, columns, entries, entry, filled, sums, out, next_row, wide)
                r += vnni.ROWS if whole else 1
            k += FOUR_VECTORS if four else 1

else:
    multiply = _loops


@njit(cache=True, nogil=True)
def multiply_rows(weights: np.ndarray, vector: np.ndarray, sums: np.ndarray) -> None:
    """``sums = weights @ vector``, int8 ``(rows, columns)`` and ``(columns,)`` to int32 ``(rows,)``, all contiguous."""
    multiply(weights.reshape(-1), 0, weights.shape[0], vector.reshape(1, -1), weights.shape[1], sums.reshape(1, -1))


@njit(cache=True, nogil=True)
def multiply_all(weights: np.ndarray, vectors: np.ndarray, sums: np.ndarray) -> None:
    """`multiply_rows` for each of ``vectors`` ``(n, columns)``; ``sums`` is ``(n, rows)``."""
    multiply(weights.reshape(-1), 0, weights.shape[0], vectors, weights.shape[1], sums)


def products(weights: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """``vectors @ weights.T`` exactly: int8 or int16 vectors ``(n, columns)``, int32 sums ``(n, rows)``.

    Where a sum of int16 vectors does not fit an int32 it wraps; `azsim.nn.graph.integer_graph` refuses such weights.
    """
    if vectors.dtype == np.int16:
        coarse, fine = (products(weights, part) for part in halves(vectors))
        return joined_sums(weights, coarse, fine)
    sums = np.empty((len(vectors), len(weights)), np.int32)
    multiply_all(weights, np.ascontiguousarray(vectors), sums)
    return sums


def halves(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two int8 passes of int16 vectors: the coarse byte, and the fine one less 128."""
    return (vectors >> 8).astype(np.int8), ((vectors & 255) - 128).astype(np.int8)


def joined_sums(weights: np.ndarray, coarse: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """int32 ``(n, rows)`` of int16 vectors from the sums of their two passes."""
    return np.int32(256) * coarse + fine + np.int32(128) * weights.sum(axis=1, dtype=np.int32)


def grouped_products(weights: np.ndarray, windows: np.ndarray, groups: int) -> np.ndarray:
    """Products of a convolution in groups.

    Args:
        weights: int8 ``(rows, taps * channels / groups)``, for each row its taps, in each the channels of its group.
        windows: int8 or int16 ``(n, taps, channels)``.
        groups: of channels and rows.

    Returns:
        int32 ``(n, rows)``.
    """
    count, taps, channels = windows.shape
    if groups == 1:
        return products(weights, windows.reshape(count, taps * channels))
    if windows.dtype == np.int16:
        coarse, fine = (grouped_products(weights, part, groups) for part in halves(windows))
        return joined_sums(weights, coarse, fine)
    sums = np.empty((count, len(weights)), np.int32)
    _multiply_groups(weights, np.ascontiguousarray(windows), groups, sums)
    return sums


def grouped_float(weights: np.ndarray, windows: np.ndarray, groups: int) -> np.ndarray:
    """`grouped_products` in float32."""
    count, taps, channels = windows.shape
    parts = windows.reshape(count, taps, groups, channels // groups).transpose(2, 0, 1, 3)
    parts = parts.reshape(groups, count, taps * channels // groups)
    own = weights.reshape(groups, len(weights) // groups, weights.shape[1])
    return np.concatenate([part @ each.T for part, each in zip(parts, own, strict=True)], axis=1)


@njit(cache=True, nogil=True)
def _multiply_groups(weights: np.ndarray, windows: np.ndarray, groups: int, sums: np.ndarray) -> None:
    each, rows = windows.shape[2] // groups, weights.shape[0] // groups
    for k in range(windows.shape[0]):
        for r in range(weights.shape[0]):
            start = r // rows * each
            total = np.int32(0)
            for tap in range(windows.shape[1]):
                for c in range(each):
                    total += np.int32(weights[r, tap * each + c]) * np.int32(windows[k, tap, start + c])
            sums[k, r] = total
