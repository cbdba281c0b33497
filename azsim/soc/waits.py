"""Who waits for whom at the memory: each wait for a grant divided among the clients that were served meanwhile.

::

    npu asks ─────────waits────────> granted
             [cpu][  playback  ]    =>  npu waited so long for cpu, so long for playback
"""

from __future__ import annotations

import numpy as np

from azsim.arbitration import BOARD
from azsim.soc.memory.columns import L_CLIENT, L_END, L_REQUEST, L_START


def waits_for_clients(grants: np.ndarray, clients: int = len(BOARD)) -> np.ndarray:
    """Of each row's wait, how long each client was being served; int64 ``(rows, clients)``, picoseconds.

    The row sums are the waits, as long as the memory serves one chunk at a time and never idles while one waits; where
    a policy holds a request back on purpose, they are less.

    Args:
        grants: the memory's log with a row per grant, int64 ``(rows, 7)``.
        clients: how many the memory has.
    """
    waits = np.zeros((len(grants), clients), np.int64)
    waited = np.flatnonzero(grants[:, L_START] > grants[:, L_REQUEST])
    asked, granted = grants[waited, L_REQUEST], grants[waited, L_START]
    for client in range(clients):
        own = grants[grants[:, L_CLIENT] == client]
        starts, ends = np.sort(own[:, L_START]), np.sort(own[:, L_END])
        waits[waited, client] = _served_before(granted, starts, ends) - _served_before(asked, starts, ends)
    return waits


def who_waits_for_whom(grants: np.ndarray, clients: int = len(BOARD)) -> np.ndarray:
    """Total time that each client (row) waited for each (column); int64 ``(clients, clients)``, picoseconds."""
    waits = waits_for_clients(grants, clients)
    total = np.zeros((clients, clients), np.int64)
    np.add.at(total, grants[:, L_CLIENT], waits)
    return total


def _served_before(times: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Time up to each of ``times`` that lies between a start and its end; sums wrap round and differences undo it."""
    return _since(times, starts) - _since(times, ends)


def _since(times: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Sum over the events before each time of the time since then."""
    count = np.searchsorted(events, times)
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(events)])
    return count * times - sums[count]
