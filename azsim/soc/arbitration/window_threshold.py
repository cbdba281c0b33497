"""Count a client's bytes per window of time, and hold it back for the rest of the window once it has had enough.

::

    |──── window ────|──── window ────|
     ████ threshold    ██       ██
         └ held back ┘└ not reached ──┘
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.compiled import njit
from azsim.devices.board_spec import PrioritySpec
from azsim.devices.memory_spec import PerClient, WindowSpec
from azsim.soc.arbitration.clients import CLIENTS
from azsim.soc.arbitration.table import HELD, OWN, ranked_table

_WINDOW_PS, _THRESHOLD, _NUMBER, _BYTES = range(OWN, OWN + 4)
"""Rows: window (0: none) and threshold; which window it is, and the bytes granted in it."""


@njit(cache=True, nogil=True)
def on_grant(table, client, size_bytes, time_ps):
    """Count, and hold back until the next window if that was enough."""
    window_ps = table[_WINDOW_PS, client]
    if window_ps > 0:
        number = time_ps // window_ps
        if number != table[_NUMBER, client]:
            table[_NUMBER, client] = number
            table[_BYTES, client] = 0
        table[_BYTES, client] += size_bytes
        if table[_BYTES, client] >= table[_THRESHOLD, client]:
            table[HELD, client] = (number + 1) * window_ps


@dataclass(frozen=True, slots=True)
class WindowThreshold:
    """Fixed priority, clients with a window throttled in it; the chunk that reaches the threshold still goes.

    **Source:** MoCA (HPCA 2023; ucb-bar/MoCA README): access counter, window and threshold per accelerator tile.
    """

    priority: PrioritySpec
    windows: PerClient[WindowSpec]

    def table(self) -> np.ndarray:
        """Nothing counted yet."""
        table = ranked_table(self.priority)
        for column, client in enumerate(CLIENTS):
            window = getattr(self.windows, client)
            if window is not None:
                table[_WINDOW_PS, column] = round(window.window_us * 1e6)
                table[_THRESHOLD, column] = window.threshold_bytes
        return table
