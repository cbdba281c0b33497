"""Exact products of int8 matrices with int8 vectors, int32 sums: what all integer kernels multiply with."""

from __future__ import annotations

import numpy as np

from azsim.compiled import njit


@njit(cache=True, nogil=True)
def multiply_rows(weights: np.ndarray, vector: np.ndarray, sums: np.ndarray) -> None:
    """``sums = weights @ vector``, int8 ``(rows, columns)`` and ``(columns,)`` to int32 ``(rows,)``.

    Indices are unsigned, so that no test for negative ones stands in the way of vector instructions.
    """
    for r in range(weights.shape[0]):
        total = np.int32(0)
        for c in range(weights.shape[1]):
            total = np.int32(
                total + np.int32(weights[np.uint64(r), np.uint64(c)]) * np.int32(vector[np.uint64(c)])
            )
        sums[r] = total


@njit(cache=True, nogil=True)
def multiply_all(weights: np.ndarray, vectors: np.ndarray, sums: np.ndarray) -> None:
    """`multiply_rows` for each of ``vectors`` ``(n, columns)``; ``sums`` is ``(n, rows)``."""
    for k in range(vectors.shape[0]):
        multiply_rows(weights, vectors[k], sums[k])


def products(weights: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """``vectors @ weights.T`` exactly, int8 ``(n, columns)`` and ``(rows, columns)`` to int32 ``(n, rows)``."""
    sums = np.empty((len(vectors), len(weights)), np.int32)
    multiply_all(weights, np.ascontiguousarray(vectors), sums)
    return sums


def grouped_products(weights: np.ndarray, windows: np.ndarray, groups: int) -> np.ndarray:
    """Products of a convolution in groups.

    Args:
        weights: int8 ``(rows, taps * channels / groups)``, for each row its taps, in each the channels of its group.
        windows: int8 ``(n, taps, channels)``.
        groups: of channels and rows.

    Returns:
        int32 ``(n, rows)``.
    """
    count, taps, channels = windows.shape
    if groups == 1:
        return products(weights, windows.reshape(count, taps * channels))
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
