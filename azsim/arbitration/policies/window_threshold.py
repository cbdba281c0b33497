"""Count a client's bytes per window of time, and hold it back for the rest of the window once it has had enough.

::

    |──── window ────|──── window ────|
     ████ threshold    ██       ██
         └ held back ┘└ not reached ──┘
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct, field

from azsim.arbitration.clients import Client
from azsim.arbitration.policy import HELD, OWN, Policy, policy, ranked_table, regulates_nobody, unknown_client
from azsim.compiled import njit

_WINDOW_PS, _THRESHOLD, _NUMBER, _BYTES = range(OWN, OWN + 4)
"""Rows: window (0: none) and threshold; which window it is, and the bytes granted in it."""


class Window(Struct, frozen=True, forbid_unknown_fields=True):
    """A client's share: held back in a window once it has had ``threshold_bytes``."""

    window_us: Annotated[float, Meta(ge=0.001, le=1e9)]
    threshold_bytes: Annotated[int, Meta(ge=1, le=2**40)]


@njit(cache=True, nogil=True)
def count_bytes(table, client, size_bytes, time_ps):
    """A chunk was granted: count, and hold back until the next window if that was enough."""
    window_ps = table[_WINDOW_PS, client]
    if window_ps > 0:
        number = time_ps // window_ps
        if number != table[_NUMBER, client]:
            table[_NUMBER, client] = number
            table[_BYTES, client] = 0
        table[_BYTES, client] += size_bytes
        if table[_BYTES, client] >= table[_THRESHOLD, client]:
            table[HELD, client] = (number + 1) * window_ps


@policy("window-threshold", on_grant=count_bytes, holds=True)
class WindowThreshold(Policy, frozen=True):
    """Fixed priority, clients with a window throttled in it; the chunk that reaches the threshold still goes.

    ``window``: client -> window and threshold.

    **Source:** MoCA (HPCA 2023; ucb-bar/MoCA README): access counter, window and threshold per accelerator tile.
    """

    window: dict[str, Window] = field(default_factory=dict)

    def wrong(self, clients: Sequence[str], chunk_bytes: int) -> str:
        """Nobody has a window, or a stranger has one."""
        return unknown_client("window", self.window, clients) or regulates_nobody("window", self.window, clients)

    def table(self, clients: Sequence[Client]) -> np.ndarray:
        """Nothing counted yet."""
        table = ranked_table(clients, 4)
        for column, client in enumerate(clients):
            window = self.window.get(client.name)
            if window is not None:
                table[_WINDOW_PS, column] = round(window.window_us * 1e6)
                table[_THRESHOLD, column] = window.threshold_bytes
        return table
