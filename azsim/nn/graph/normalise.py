"""Normalisation of a row by its own spread, in integers: exact sums, an integer square root, one rounding to Q5.10.

::

    S = sum x,  Q = sum x^2        D = n x - S       V = (n Q - S^2) * 4^f + e       (layer norm; RMS norm: S = 0)
    z = saturate16(round(D * 2^(10 + f + k) / isqrt(V * 4^k)))                 k: V * 4^k lies in 2^60 to 2^62
    y = saturate(round((z * gain + bias) * m / 2^s))                           gain: 15 bits; bias on the grid of z gain

A bias beyond 2^30 steps of z gain is added after rounding, on the output's grid: the rest is small beside it. f is the
largest with which V of any row stays below 2^60, so that e, the epsilon on V's grid, is not rounded away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from azsim.compiled import njit
from azsim.errors import InputError
from azsim.nn.fixed_point import quantise_to, requantise, saturate_int16
from azsim.nn.graph.arithmetic import pair
from azsim.nn.graph.operator import Execution, IntegerNode, stateless

NORMAL_BITS = 10
V_BITS = 60
GAIN_LIMIT = 16383
OFFSET_LIMIT = 2**30
LONGEST = 8192
"""Elements of a row, so that all sums stay within 62 bits."""


@dataclass(frozen=True)
class Normalisation:
    """Constants of a normalisation.

    Attributes:
        centred: the mean is taken away first, as layer norm does.
        lift: f.
        epsilon: added to the variance, on the grid of V, at most 2**60.
        gain: int64 ``(n,)``, at most 16,383.
        before, after: int64 ``(n,)``, the bias on the grid of ``z * gain`` or on the output's.
        factor: multiplier and shift to the output's grid.
    """

    centred: bool
    lift: int
    epsilon: int
    gain: np.ndarray
    before: np.ndarray
    after: np.ndarray
    factor: np.ndarray

    @staticmethod
    def of(at: IntegerNode, centred: bool, epsilon: float) -> Normalisation:
        """From a node's grids and its parameters ``gain`` and ``bias``."""
        columns = at.inputs[0].shape[-1]
        if columns > LONGEST:
            raise InputError(f"a row of {columns} elements: must be at most {LONGEST}")
        gain = np.asarray(at.vectors.get("gain", np.ones(columns)), np.float64)
        largest = float(np.abs(gain).max())
        step = largest / GAIN_LIMIT if largest else 1.0
        of_product = step * 2.0**-NORMAL_BITS
        bias = np.asarray(at.vectors.get("bias", np.zeros(columns)), np.float64)
        early = np.abs(bias) < OFFSET_LIMIT * of_product
        largest_sum = columns * -at.grid().lowest
        lift = (V_BITS - (largest_sum**2).bit_length()) // 2
        return Normalisation(
            centred=centred,
            lift=lift,
            epsilon=min(round(epsilon * columns**2 * 4.0**lift / at.grid().scale ** 2), 2**V_BITS),
            gain=quantise_to(gain, step, GAIN_LIMIT),
            before=quantise_to(np.where(early, bias, 0), of_product, OFFSET_LIMIT),
            after=quantise_to(np.where(early, 0, bias), at.target().scale, at.target().limit),
            factor=pair(of_product / at.target().scale),
        )


def normalising(at: IntegerNode, centred: bool, epsilon: float) -> Execution:
    """The kernel of a normalisation over the last axis."""
    constants, target, columns = Normalisation.of(at, centred, epsilon), at.target(), at.inputs[0].shape[-1]

    def run(values: np.ndarray) -> np.ndarray:
        rows = np.ascontiguousarray(values).reshape(-1, columns)
        out = np.empty(rows.shape, target.dtype)
        normalise_rows(
            rows, constants.centred, constants.lift, constants.epsilon, constants.gain, constants.before,
            constants.after, constants.factor, target.lowest, target.limit, out,
        )  # fmt: skip
        return out.reshape(values.shape)

    return stateless(run)


@njit(cache=True, nogil=True)
def integer_root(value: int) -> int:
    """The largest integer whose square is at most ``value``, which is below 2**62."""
    root = np.int64(math.sqrt(value))
    while root * root > value:
        root -= 1
    while (root + 1) * (root + 1) <= value:
        root += 1
    return root


@njit(cache=True, nogil=True)
def normalise_rows(
    rows: np.ndarray,
    centred: bool,
    lift: int,
    epsilon: int,
    gain: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    factor: np.ndarray,
    low: int,
    high: int,
    out: np.ndarray,
) -> None:
    """Each row ``(n, columns)``, int8 or int16, normalised; see the module."""
    count = np.int64(rows.shape[1])
    for k in range(rows.shape[0]):
        total, squares = np.int64(0), np.int64(0)
        for c in range(count):
            value = np.int64(rows[k, c])
            total += value
            squares += value * value
        if not centred:
            total = np.int64(0)
        spread = ((count * squares - total * total) << (2 * lift)) + epsilon
        doublings = lift
        while 0 < spread < np.int64(1) << V_BITS:
            spread <<= 2
            doublings += 1
        root = integer_root(spread)
        for c in range(count):
            normal = np.int64(0)
            if root > 0:
                above = (count * np.int64(rows[k, c]) - total) << (NORMAL_BITS + doublings)
                size = (2 * abs(above) + root) // (2 * root)
                normal = saturate_int16(size if above >= 0 else -size)
            result = requantise(normal * gain[c] + before[c], factor[0], factor[1]) + after[c]
            out[k, c] = min(max(result, low), high)
