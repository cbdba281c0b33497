"""Whoever was served least of late comes first: scores that follow the bytes granted, and fade.

::

    a grant of s bytes to c:   score_i += weight x ((s if i = c else 0) - score_i)   for every client i
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.compiled import njit
from azsim.soc.arbitration.table import OWN, RANK, empty_table

_WEIGHT = OWN
"""Row: the weight x 2^16."""

_SCALE_BITS = 10
"""Scores are kept in 1/1024 byte."""


@njit(cache=True, nogil=True)
def on_grant(table, client, size_bytes):
    """Move every client's score towards what it just got."""
    for other in range(table.shape[1]):
        got = size_bytes << _SCALE_BITS if other == client else np.int64(0)
        table[RANK, other] += ((got - table[RANK, other]) * table[_WEIGHT, other]) >> 16


@dataclass(frozen=True, slots=True)
class ProportionalFair:
    """Ranks are exponentially weighted means of the bytes granted.

    Args:
        weight: of the newest grant, 0 to 1.

    **Source:** gem5 ``src/mem/qos/QoSPolicy.py`` (``QoSPropFairPolicy``, weight 0.5).
    """

    weight: float

    def table(self) -> np.ndarray:
        """All scores begin at 0."""
        table = empty_table()
        table[_WEIGHT] = round(self.weight * (1 << 16))
        return table
