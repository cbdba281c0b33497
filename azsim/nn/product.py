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
