"""Whoever was served least of late comes first: scores that follow the bytes granted, and fade.

::

    a grant of s bytes to c:   score_i += weight x ((s if i = c else 0) - score_i)   for every client i
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta

from azsim.arbitration.clients import Client
from azsim.arbitration.policy import OWN, RANK, Policy, empty_table, policy
from azsim.compiled import njit

_WEIGHT = OWN
"""Row: the weight x 2^16."""

_SCALE_BITS = 10
"""Scores are kept in 1/1024 byte."""


@njit(cache=True, nogil=True)
def move_scores(table, client, size_bytes, time_ps):
    """A chunk was granted: move every client's score towards what it just got."""
    for other in range(table.shape[1]):
        got = size_bytes << _SCALE_BITS if other == client else np.int64(0)
        table[RANK, other] += ((got - table[RANK, other]) * table[_WEIGHT, other]) >> 16


@policy("proportional-fair", on_grant=move_scores)
class ProportionalFair(Policy, frozen=True):
    """Ranks are exponentially weighted means of the bytes granted.

    ``fair_weight``: of the newest grant.

    **Source:** gem5 ``src/mem/qos/QoSPolicy.py`` (``QoSPropFairPolicy``, weight 0.5).
    """

    fair_weight: Annotated[float, Meta(gt=0, le=1)] = 0.5

    def table(self, clients: Sequence[Client]) -> np.ndarray:
        """All scores begin at 0."""
        table = empty_table(clients, 1)
        table[_WEIGHT] = round(self.fair_weight * (1 << 16))
        return table
