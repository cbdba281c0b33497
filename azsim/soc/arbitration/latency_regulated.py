"""A client that waits longer than its target gains priority, one that waits less gives it back: an integral controller.

::

    a chunk ends:  error = (time from its request to its last byte) - target
                   priority += error / 2^k ns,  kept between lowest and highest
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.compiled import njit
from azsim.devices.board_spec import PrioritySpec
from azsim.devices.memory_spec import LatencyTargetSpec, PerClient
from azsim.soc.arbitration.clients import CLIENTS
from azsim.soc.arbitration.table import HIGHEST_PRIORITY, OWN, RANK, ranked_table

_TARGET_PS, _LEVEL_PS, _LOWEST_PS, _HIGHEST_PS, _PRIORITY_PS = range(OWN, OWN + 5)
"""Rows: target (0: none); how much error makes a level; limits, and the priority itself, in that unit."""


@njit(cache=True, nogil=True)
def on_finish(table, client, latency_ps):
    """Follow the error."""
    if table[_TARGET_PS, client] > 0:
        priority = table[_PRIORITY_PS, client] + latency_ps - table[_TARGET_PS, client]
        priority = min(max(priority, table[_LOWEST_PS, client]), table[_HIGHEST_PS, client])
        table[_PRIORITY_PS, client] = priority
        table[RANK, client] = HIGHEST_PRIORITY - priority // table[_LEVEL_PS, client]


@dataclass(frozen=True, slots=True)
class LatencyRegulated:
    """Priorities of the device file to begin with; clients with a target leave them within their limits.

    **Source:** Arm CoreLink QoS-400 (DSU 0026), latency regulator: AxQOS in proportion to measured less target, step
    2^-k, between a lowest and a highest value.
    """

    priority: PrioritySpec
    targets: PerClient[LatencyTargetSpec]

    def table(self) -> np.ndarray:
        """Every client begins at its own priority, or at the nearest that its limits allow."""
        table = ranked_table(self.priority)
        for column, client in enumerate(CLIENTS):
            target = getattr(self.targets, client)
            if target is None:
                continue
            level_ps = 1000 << target.step_log2_ns
            start = min(max(getattr(self.priority, client), target.lowest), target.highest)
            table[_TARGET_PS, column] = round(target.target_ns * 1000)
            table[_LEVEL_PS, column] = level_ps
            table[_LOWEST_PS, column], table[_HIGHEST_PS, column] = target.lowest * level_ps, target.highest * level_ps
            table[_PRIORITY_PS, column] = start * level_ps
            table[RANK, column] = HIGHEST_PRIORITY - start
        return table
