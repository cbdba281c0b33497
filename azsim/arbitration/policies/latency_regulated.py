"""A client that waits longer than its target gains priority, one that waits less gives it back: an integral controller.

::

    a chunk ends:  error = (time from its request to its last byte) - target
                   priority += error / 2^k ns,  kept between lowest and highest
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct, field

from azsim.arbitration.clients import Client
from azsim.arbitration.policy import (
    HIGHEST_PRIORITY,
    OWN,
    RANK,
    Level,
    Policy,
    policy,
    ranked_table,
    regulates_nobody,
    unknown_client,
)
from azsim.compiled import njit

_TARGET_PS, _LEVEL_PS, _LOWEST_PS, _HIGHEST_PS, _PRIORITY_PS = range(OWN, OWN + 5)
"""Rows: target (0: none); how much error makes a level; limits, and the priority itself, in that unit."""


class LatencyTarget(Struct, frozen=True, forbid_unknown_fields=True):
    """A client's latency: 2^``step_log2_ns`` ns above the target raise its priority by a level."""

    target_ns: Annotated[float, Meta(gt=0, le=1e9)]
    lowest: Level
    highest: Level
    step_log2_ns: Annotated[int, Meta(ge=0, le=30)]


@njit(cache=True, nogil=True)
def follow_error(table, client, latency_ps):
    """A chunk ended: move the priority by the error."""
    if table[_TARGET_PS, client] > 0:
        priority = table[_PRIORITY_PS, client] + latency_ps - table[_TARGET_PS, client]
        priority = min(max(priority, table[_LOWEST_PS, client]), table[_HIGHEST_PS, client])
        table[_PRIORITY_PS, client] = priority
        table[RANK, client] = HIGHEST_PRIORITY - priority // table[_LEVEL_PS, client]


@policy("latency-regulated", on_finish=follow_error)
class LatencyRegulated(Policy, frozen=True):
    """The clients' own priorities to begin with; those with a target leave them within their limits.

    ``latency``: client -> its target and limits.

    **Source:** Arm CoreLink QoS-400 (DSU 0026), latency regulator: AxQOS in proportion to measured less target, step
    2^-k, between a lowest and a highest value.
    """

    latency: dict[str, LatencyTarget] = field(default_factory=dict)

    def wrong(self, clients: Sequence[str], chunk_bytes: int) -> str:
        """Nobody has a target, a stranger has one, or limits the wrong way round."""
        for client, target in self.latency.items():
            if target.lowest > target.highest:
                return f"latency.{client}.lowest = {target.lowest}: must be at most highest = {target.highest}"
        return unknown_client("latency", self.latency, clients) or regulates_nobody("latency", self.latency, clients)

    def table(self, clients: Sequence[Client]) -> np.ndarray:
        """Every client begins at its own priority, or at the nearest that its limits allow."""
        table = ranked_table(clients, 5)
        for column, client in enumerate(clients):
            target = self.latency.get(client.name)
            if target is None:
                continue
            level_ps = 1000 << target.step_log2_ns
            start = min(max(client.priority, target.lowest), target.highest)
            table[_TARGET_PS, column] = round(target.target_ns * 1000)
            table[_LEVEL_PS, column] = level_ps
            table[_LOWEST_PS, column], table[_HIGHEST_PS, column] = target.lowest * level_ps, target.highest * level_ps
            table[_PRIORITY_PS, column] = start * level_ps
            table[RANK, column] = HIGHEST_PRIORITY - start
        return table
