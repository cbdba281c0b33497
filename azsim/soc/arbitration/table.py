"""What the compiled loop reads of an arbitration policy: a small table of integers, one column per client.

::

    waiting requests ──> those not held back ──> lowest RANK ──> of those the oldest ──> first submitted ──> grant
                             HELD, HOLD_FS          ^                                                         │
                               ^                    └────────── on_grant, on_finish write the table ──────────┘

A request of s bytes is held back until ``HELD + s x HOLD_FS``. So the loop knows no policy by name: a policy fills the
table, and its ``on_grant`` or ``on_finish``, compiled into the loop, change it as chunks are granted and end.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from azsim.devices.board_spec import PrioritySpec
from azsim.soc.arbitration.clients import CLIENTS

RANK, HELD, HOLD_FS = range(3)
"""Rows that the loop reads: who comes first (lowest); picoseconds; femtoseconds per byte."""

OWN = 3
"""The first row of the policy's own parameters and state."""

ROWS = 8

HIGHEST_PRIORITY = 15
"""Of 16 levels, as on an AXI bus."""


class Policy(Protocol):
    """Decides between clients."""

    def table(self) -> np.ndarray:
        """A new table at time 0, int64 ``(ROWS, clients)``."""
        ...


def empty_table() -> np.ndarray:
    """Nobody is held back, all are of one rank; int64 ``(ROWS, clients)``."""
    return np.zeros((ROWS, len(CLIENTS)), np.int64)


def ranked_table(priority: PrioritySpec) -> np.ndarray:
    """Nobody is held back, the highest priority comes first; int64 ``(ROWS, clients)``."""
    table = empty_table()
    table[RANK] = [HIGHEST_PRIORITY - getattr(priority, client) for client in CLIENTS]
    return table
