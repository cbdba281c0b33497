"""Ranges of values that files of any kind hold: devices, experiments, training recipes."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from azsim.errors import InputError

SmallCount = Annotated[int, Meta(ge=1, le=65_535)]
"""How many there are of what there is at least one: 1 to 65,535 lanes, frames, word pieces."""
NonNegative = Annotated[float, Meta(ge=0, le=1e9)]
"""An amount that may be none: 0 to 1e9."""
Share = Annotated[float, Meta(ge=0, le=1)]
"""Part of a whole: 0 to 1."""
Zeros = Annotated[float, Meta(ge=0, lt=1)]
"""Share of a matrix's weights that are zero: 0 to below 1, since something has to be left."""
Bits = Annotated[int, Meta(ge=1, le=8)]
"""Of a weight: 1 to 8."""
Name = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
"""Of a row of a table: 1 to 60 characters on one line."""


def is_number(value: object, *, whole: bool = False) -> bool:
    """Whether an argument is a finite number, and a whole one if asked; True and False are none."""
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    return isinstance(value, kinds) and not isinstance(value, bool) and bool(-1e300 < value < 1e300)


def check_bits_and_zeros(
    weight_bits: int, sparsity: float, bits_where: str = "--weight-bits", zeros_where: str = "--sparsity"
) -> None:
    """Refuse on a command line what a file could not hold as `Bits` and `Zeros`.

    Raises:
        InputError: one of them is out of range; ``bits_where``, ``zeros_where`` say who gave it.
    """
    if not is_number(weight_bits, whole=True) or not 1 <= weight_bits <= 8:
        raise InputError(f"{bits_where} {weight_bits!r}: must be 1 to 8")
    if not is_number(sparsity) or not 0 <= sparsity < 1:
        given = f"{sparsity:g}" if isinstance(sparsity, float) else repr(sparsity)
        raise InputError(f"{zeros_where} {given}: must be at least 0 and below 1")
