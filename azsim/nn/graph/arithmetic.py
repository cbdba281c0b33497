"""Integer arithmetic that operators share: rows of products, requantisation by rows, tables, all compiled.

Rounding is to nearest, halves away from zero; sums are int32, products with multipliers int64 (`azsim.nn.fixed_point`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.compiled import njit
from azsim.errors import InputError
from azsim.nn.fixed_point import multiplier_and_shift, quantise_to, requantise, saturate_int16
from azsim.nn.graph.tensor import Grid

TABLE_ZERO = 32768
BIAS_LIMIT = 2**30
"""Of a bias on the grid of the sums, so that sum and bias stay below 2**31 up to 66,000 columns."""


@dataclass(frozen=True, slots=True)
class Rescale:
    """``round(value * multiplier / 2**shift)`` for each row: int64 arrays ``(rows,)``, or ``(1,)`` for all alike."""

    multiplier: np.ndarray
    shift: np.ndarray

    @staticmethod
    def by(scales: np.ndarray | float) -> Rescale:
        """The fixed-point form of factors.

        Raises:
            InputError: one is not above 0 and below 2**30.
        """
        factors = np.atleast_1d(np.asarray(scales, np.float64))
        unique, at = np.unique(factors, return_inverse=True)
        try:
            pairs = np.array([multiplier_and_shift(float(each)) for each in unique], np.int64)
        except ValueError as error:
            raise InputError(str(error)) from error
        return Rescale(pairs[at, 0].copy(), pairs[at, 1].copy())


def bias_of(values: np.ndarray | None, rows: int, scales: np.ndarray | float, limit: int) -> np.ndarray:
    """A bias on the grid of ``scales``, int64 ``(rows,)``; zeros without one."""
    return np.zeros(rows, np.int64) if values is None else quantise_to(values, scales, limit)


@njit(cache=True, nogil=True)
def rescale(value: int, multiplier: int, shift: int) -> int:
    """`requantise` that passes by a factor of 1, which sums of tensors on one grid and logits have."""
    return value if multiplier == np.int64(1) << shift else requantise(value, multiplier, shift)


@njit(cache=True, nogil=True)
def rescale_rows(
    sums: np.ndarray,
    before: np.ndarray,
    multiplier: np.ndarray,
    shift: np.ndarray,
    after: np.ndarray,
    low: int,
    high: int,
    out: np.ndarray,
) -> None:
    """``out = saturate(round((sum + before) * multiplier / 2**shift) + after)``, row by row.

    Args:
        sums: int32 or int64 ``(n, rows)``.
        before, multiplier, shift, after: int64 ``(rows,)``.
        low, high: of the output grid.
        out: ``(n, rows)``.
    """
    for k in range(sums.shape[0]):
        for r in range(sums.shape[1]):
            value = rescale(np.int64(sums[k, r]) + before[r], multiplier[r], shift[r]) + after[r]
            out[k, r] = min(max(value, low), high)


@njit(cache=True, nogil=True)
def rescale_flat(values: np.ndarray, multiplier: int, shift: int, low: int, high: int, out: np.ndarray) -> None:
    """``out = saturate(round(value * multiplier / 2**shift))`` for each element of a flat array."""
    for k in range(values.size):
        out[k] = min(max(rescale(np.int64(values[k]), multiplier, shift), low), high)


@njit(cache=True, nogil=True)
def table_flat(
    values: np.ndarray,
    to_gate: np.ndarray,
    table: np.ndarray,
    to_target: np.ndarray,
    low: int,
    high: int,
    out: np.ndarray,
) -> None:
    """A table's function of each element: to Q4.11, the table, from Q0.15 to the target.

    Args:
        values: integers, flat.
        to_gate, to_target: multiplier and shift.
        table: expanded, int16 ``(65536,)``.
        out: flat.
    """
    for k in range(values.size):
        argument = saturate_int16(rescale(np.int64(values[k]), to_gate[0], to_gate[1]))
        result = requantise(np.int64(table[np.uint64(argument + TABLE_ZERO)]), to_target[0], to_target[1])
        out[k] = min(max(result, low), high)


def rescaled(values: np.ndarray, source: Grid, target: Grid) -> np.ndarray:
    """Integers of one grid on another."""
    if source == target:
        return values
    factor = Rescale.by(source.scale / target.scale)
    flat = np.ascontiguousarray(values).ravel()
    out = np.empty(flat.size, target.dtype)
    rescale_flat(flat, factor.multiplier[0], factor.shift[0], target.lowest, target.limit, out)
    return out.reshape(values.shape)


def pair(scale: float) -> np.ndarray:
    """Multiplier and shift of one factor, int64 ``(2,)``."""
    factor = Rescale.by(scale)
    return np.array([factor.multiplier[0], factor.shift[0]], np.int64)
