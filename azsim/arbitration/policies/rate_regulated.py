"""A token bucket per client: over any stretch T it gets at most rate x T + burst bytes, however idle the memory is.

::

    tokens(t) = min(burst, (t - EMPTY) x rate)          EMPTY: when the bucket was, or will be, empty
    a grant of s bytes at t:  EMPTY = max(EMPTY, t - burst / rate) + s / rate

A request waits until there are tokens for all of its chunk; among those that may go, the highest priority comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct, field

from azsim.arbitration.clients import Client
from azsim.arbitration.policy import (
    HELD,
    HOLD_FS,
    OWN,
    Policy,
    policy,
    ranked_table,
    regulates_nobody,
    unknown_client,
)
from azsim.compiled import njit

_DEPTH_PS = OWN
"""Row: time in which an empty bucket fills."""


class TokenBucket(Struct, frozen=True, forbid_unknown_fields=True):
    """A client's rate: over any stretch T at most ``gbps`` x T + ``burst_bytes``."""

    gbps: Annotated[float, Meta(ge=1e-6, le=1e6)]
    burst_bytes: Annotated[int, Meta(ge=64, le=2**30)]


@njit(cache=True, nogil=True)
def take_tokens(table, client, size_bytes, time_ps):
    """A chunk was granted: take its tokens."""
    if table[HOLD_FS, client] > 0:
        empty = max(table[HELD, client], time_ps - table[_DEPTH_PS, client])
        table[HELD, client] = empty + (size_bytes * table[HOLD_FS, client] + 999) // 1000


@policy("rate-regulated", on_grant=take_tokens, holds=True)
class RateRegulated(Policy, frozen=True):
    """Fixed priority, clients with a bucket held to its rate.

    ``rate``: client -> its bucket.

    **Source:** Arm CoreLink QoS-400 (DSU 0026), transaction rate regulator; MemGuard's budgets are the same bound.
    """

    rate: dict[str, TokenBucket] = field(default_factory=dict)

    def wrong(self, clients: Sequence[str], chunk_bytes: int) -> str:
        """Nobody has a bucket, a stranger has one, or one that no chunk could ever go through."""
        for client, bucket in self.rate.items():
            if bucket.burst_bytes < chunk_bytes:
                return (
                    f"rate.{client}.burst_bytes = {bucket.burst_bytes}: must be at least memory.chunk_bytes = "
                    f"{chunk_bytes}, or no chunk could ever go"
                )
        return unknown_client("rate", self.rate, clients) or regulates_nobody("rate", self.rate, clients)

    def table(self, clients: Sequence[Client]) -> np.ndarray:
        """All buckets are full."""
        table = ranked_table(clients, 1)
        for column, client in enumerate(clients):
            bucket = self.rate.get(client.name)
            if bucket is not None:
                table[HOLD_FS, column] = -(-1_000_000 // bucket.gbps)
                table[_DEPTH_PS, column] = bucket.burst_bytes * table[HOLD_FS, column] // 1000
                table[HELD, column] = -table[_DEPTH_PS, column]
        return table
