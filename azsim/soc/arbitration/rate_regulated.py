"""A token bucket per client: over any stretch T it gets at most rate x T + burst bytes, however idle the memory is.

::

    tokens(t) = min(burst, (t - EMPTY) x rate)          EMPTY: when the bucket was, or will be, empty
    a grant of s bytes at t:  EMPTY = max(EMPTY, t - burst / rate) + s / rate

A request waits until there are tokens for all of its chunk; among those that may go, the highest priority comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.compiled import njit
from azsim.devices.board_spec import PrioritySpec
from azsim.devices.memory_spec import PerClient, TokenBucketSpec
from azsim.soc.arbitration.clients import CLIENTS
from azsim.soc.arbitration.table import HELD, HOLD_FS, OWN, ranked_table

_DEPTH_PS = OWN
"""Row: time in which an empty bucket fills."""


@njit(cache=True, nogil=True)
def on_grant(table, client, size_bytes, time_ps):
    """Take the tokens."""
    if table[HOLD_FS, client] > 0:
        empty = max(table[HELD, client], time_ps - table[_DEPTH_PS, client])
        table[HELD, client] = empty + (size_bytes * table[HOLD_FS, client] + 999) // 1000


@dataclass(frozen=True, slots=True)
class RateRegulated:
    """Fixed priority, clients with a bucket held to its rate.

    **Source:** Arm CoreLink QoS-400 (DSU 0026), transaction rate regulator; MemGuard's budgets are the same bound.
    """

    priority: PrioritySpec
    buckets: PerClient[TokenBucketSpec]

    def table(self) -> np.ndarray:
        """All buckets are full."""
        table = ranked_table(self.priority)
        for column, client in enumerate(CLIENTS):
            bucket = getattr(self.buckets, client)
            if bucket is not None:
                table[HOLD_FS, column] = -(-1_000_000 // bucket.gbps)
                table[_DEPTH_PS, column] = bucket.burst_bytes * table[HOLD_FS, column] // 1000
                table[HELD, column] = -table[_DEPTH_PS, column]
        return table
