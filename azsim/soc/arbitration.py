"""Who gets the memory next: a policy gives each client a rank, and the compiled loop grants the lowest rank first.

::

    waiting requests ──> lowest rank ──> of those the oldest ──> of those the first submitted ──> grant

A policy is thus a row of small integers, one per client; the order within a rank is first come, first served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from azsim.devices.spec import PrioritySpec

CLIENTS = ("playback", "microphone", "npu", "cpu", "network")
"""Everyone who asks for memory, in the order of the rows that the compiled loop keeps."""

PLAYBACK, MICROPHONE, NPU, CPU, NETWORK = range(len(CLIENTS))

HIGHEST_PRIORITY = 15


class Policy(Protocol):
    """Decides between clients."""

    def ranks(self, clients: Sequence[str]) -> np.ndarray:
        """Rank of each client, int64 ``(clients,)``; the lowest is granted first."""
        ...


@dataclass(frozen=True, slots=True)
class Fifo:
    """Strictly in the order of request."""

    def ranks(self, clients: Sequence[str]) -> np.ndarray:
        return np.zeros(len(clients), np.int64)


@dataclass(frozen=True, slots=True)
class FixedPriority:
    """The client with the highest priority first, without preemption of a chunk that is under way.

    **Source:** AXI QoS, 16 levels; gem5 ``src/mem/qos/QoSPolicy.py`` (``FixedPriorityPolicy``).
    """

    priority: PrioritySpec

    def ranks(self, clients: Sequence[str]) -> np.ndarray:
        return np.array([HIGHEST_PRIORITY - getattr(self.priority, client) for client in clients], np.int64)


def policy_of(arbitration: str, priority: PrioritySpec) -> Policy:
    """The policy that a device file names (``fifo`` or ``fixed-priority``)."""
    return Fifo() if arbitration == "fifo" else FixedPriority(priority)
