"""Sums of products are int32: what could exceed one is refused, with the operands' true ranges."""

from __future__ import annotations

import numpy as np

from azsim.errors import InputError

INT32_MAX = 2**31 - 1
MOST_INT16 = 2**15
MOST_INT8 = 127
"""Of what saturates to -127..127: features, hidden states, weights as they are quantised."""


def check_sums(what: str, columns: int, most_input: int, most_weight: int, most_added: int = 0) -> None:
    """Refuse a product whose sum may not fit: the largest input x the largest weight x columns above 2^31 - 1.

    Args:
        what: the matrix, for the message.
        columns: products in a sum.
        most_input, most_weight: largest absolute values of the operands.
        most_added: of what is added to the sum, such as a bias.

    Raises:
        InputError: it may not fit.
    """
    each = most_input * most_weight
    if each * columns + most_added <= INT32_MAX:
        return
    added = f" and a bias up to {most_added}" if most_added else ""
    raise InputError(
        f"{what}: {columns} products of inputs up to {most_input} and weights up to {most_weight}{added} may exceed "
        f"the int32 that holds their sum; at most {(INT32_MAX - most_added) // each if each else 0} columns fit"
    )


def sums_fit(weights: np.ndarray) -> bool:
    """Whether the sums of an int8 matrix ``(rows, columns)`` with int16 vectors of any values fit an int32."""
    return int(np.abs(weights.astype(np.int64)).sum(axis=1).max(initial=0)) * MOST_INT16 <= INT32_MAX


def largest(values: np.ndarray) -> int:
    """The largest absolute value of integers, 0 of none; -128 counts 128."""
    return max(int(values.max()), -int(values.min())) if values.size else 0
