"""Log-probabilities as whole numbers: a softmax over integer logits, and sums of probabilities, from one table of exp.

::

    d = (max - logit) · scale · 2^20, rounded        log p = -d - 2^20 · log(sum of exp(-d))

A unit is 2^-20 of a natural logarithm. Sums of whole numbers do not depend on their order, comparisons are exact, and
ties are ties on every machine. exp is read at steps of 2^-8 and continued by its slope (within 2e-6 of its value);
what is less probable than e^-20 of the best counts as nothing in a sum.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from azsim.compiled import njit

SCORE_BITS = 20
UNITS = 1 << SCORE_BITS
"""Of a log-probability of 1."""
NOTHING = -(1 << 60)
"""The log-probability of what is not held possible."""
_STEP_BITS = 12
_EXP_BITS = 30
_RANGE = 20


@lru_cache(maxsize=1)
def exp_table() -> np.ndarray:
    """``exp(-k / 256)`` in units of 2^-30, int32, for k from 0 to 20 · 256."""
    table = np.rint(np.exp(-np.arange((_RANGE << SCORE_BITS >> _STEP_BITS) + 2) / 256) * (1 << _EXP_BITS))
    table = table.astype(np.int32)
    table.flags.writeable = False
    return table


def probability(score: int) -> float:
    """What a log-probability in units stands for."""
    return math.exp(score / UNITS)


@njit(cache=True, nogil=True)
def exp_of(table: np.ndarray, distance: int) -> int:
    """``exp(-distance)`` in units of 2^-30; ``distance`` is 0 or more, in units of 2^-20."""
    step = (distance + (1 << (_STEP_BITS - 1))) >> _STEP_BITS
    if step >= table.size:
        return np.int64(0)
    value = np.int64(table[step])
    return value - ((value * (distance - (step << _STEP_BITS))) >> SCORE_BITS)


@njit(cache=True, nogil=True)
def log_total(table: np.ndarray, logits: np.ndarray, best: int, unit: float) -> int:
    """2^20 · log of the sum of exp(logit - best logit), 0 or more.

    Args:
        table: of `exp_table`.
        logits: int32 ``(V,)``.
        best: the largest of them.
        unit: units of 2^-20 of a natural logarithm in a step of the logits.
    """
    total = np.int64(0)
    for label in range(logits.size):
        total += exp_of(table, np.int64((best - np.int64(logits[label])) * unit + 0.5))
    return np.int64(math.log(total / (1 << _EXP_BITS)) * UNITS + 0.5)


@njit(cache=True, nogil=True)
def add_probabilities(table: np.ndarray, one: int, other: int) -> int:
    """The log-probability of either, in units; ``NOTHING`` adds nothing."""
    if one < other:
        one, other = other, one
    if other == NOTHING or one - other >= (_RANGE << SCORE_BITS):
        return one
    return one + np.int64(math.log1p(exp_of(table, one - other) / (1 << _EXP_BITS)) * UNITS + 0.5)
