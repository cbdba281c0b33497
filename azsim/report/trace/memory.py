"""The memory in a trace: who is served, who waits meanwhile and for whom, bandwidth by client, requests that wait.

::

    grants ──> [npu read][playback read][npu read]     slices, with bytes and waits
           ──> GB/s by client, requests waiting        counters
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azsim.arbitration import BOARD, NPU
from azsim.report.trace.tracks import PS_PER_NS, TraceSlice
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_END, L_NUMBER, L_REQUEST, L_START, L_WRITE
from azsim.soc.trace import MERGE_PS, Window
from azsim.soc.waits import waits_for_clients

BANDWIDTH = "DRAM GB/s"
_HELD_BACK = "held back"


class MemoryWaits:
    """Waits for grants, by request, by stretch of the processor's time, and by the client that was served meanwhile.

    ``held back`` is the rest: an arbitration policy that keeps a client to its budget let the memory wait.

    Args:
        grants: the memory's log.
        window_ps: where it has a row per grant; nothing is said of waits outside.
        clients: of the memory, in the order of its rows.
    """

    def __init__(self, grants: np.ndarray, window_ps: Window, clients: Sequence[str] = BOARD) -> None:
        self._waited_for = (*clients, _HELD_BACK)
        inside = (grants[:, L_START] >= window_ps[0]) & (grants[:, L_START] < window_ps[1])
        served = waits_for_clients(grants, len(clients))
        held = np.maximum(0, grants[:, L_START] - grants[:, L_REQUEST] - served.sum(axis=1))
        waits = np.where(inside[:, None], np.column_stack([served, held]), 0)
        self._waits = waits
        self._grants = grants
        waited = np.flatnonzero(waits.any(axis=1) & (grants[:, L_NUMBER] > 0))
        self._by_request: dict[int, np.ndarray] = {}
        for row, number in zip(waited.tolist(), grants[waited, L_NUMBER].tolist(), strict=True):
            self._by_request[number] = self._by_request.get(number, 0) + waits[row]
        fetches = np.flatnonzero((grants[:, L_CLIENT] == NPU) & (grants[:, L_WRITE] == 0))
        self.fetch_start_ps = grants[fetches, L_START]
        self.fetch_request_ps = grants[fetches, L_REQUEST]
        self.fetch_waits = waits[fetches]
        self._fetch_sums = np.concatenate(
            [np.zeros((1, len(self._waited_for)), np.int64), np.cumsum(self.fetch_waits, axis=0)]
        )

    def of_request(self, number: int) -> dict[str, float]:
        """Client -> microseconds that the request waited while that client was served."""
        return self.by_client(self._by_request.get(number))

    def of_processor(self, start_ps: int, end_ps: int) -> dict[str, float]:
        """The same for the fetches that the processor began between two times."""
        first, last = np.searchsorted(self.fetch_start_ps, [start_ps, end_ps])
        return self.by_client(self._fetch_sums[last] - self._fetch_sums[first])

    def fetch_rows(self, start_ps: int, fetched_ps: np.ndarray) -> list[int]:
        """Rows of the fetches of a job's tiles: tile i has those from the i-th bound up to the next.

        Args:
            start_ps: of the job.
            fetched_ps: int64 ``(tiles,)``, ascending: when each tile was there; equal to the last if it is resident.
        """
        return np.searchsorted(self.fetch_start_ps, np.concatenate([[start_ps], fetched_ps])).tolist()

    def slices(self, window_ps: Window) -> list[TraceSlice]:
        """Stretches of a window in which one client was served, in one direction, with their bytes and waits."""
        inside = (self._grants[:, L_END] > window_ps[0]) & (self._grants[:, L_START] < window_ps[1])
        grants = self._grants[inside]
        if not len(grants):
            return []
        names = [f"{client} {way}" for client in self._waited_for for way in ("read", "write")]
        kind = 2 * grants[:, L_CLIENT] + grants[:, L_WRITE]
        apart = (np.diff(kind) != 0) | (grants[1:, L_START] - grants[:-1, L_END] > MERGE_PS)
        first = np.flatnonzero(np.concatenate([[True], apart]))
        last = np.append(first[1:], len(grants)) - 1
        moved = np.add.reduceat(grants[:, L_BYTES], first)
        waits = np.add.reduceat(self._waits[inside], first, axis=0)
        slices = [
            TraceSlice("dram", names[which], start_ps, end_ps, {"bytes": size, "grants": count})
            for which, start_ps, end_ps, size, count in zip(
                kind[first].tolist(),
                grants[first, L_START].tolist(),
                grants[last, L_END].tolist(),
                moved.tolist(),
                (last - first + 1).tolist(),
                strict=True,
            )
        ]
        for index in np.flatnonzero(waits.any(axis=1)).tolist():
            slices[index].args["memory_wait_us"] = self.by_client(waits[index])
        return slices

    def by_client(self, waits_ps: np.ndarray | None) -> dict[str, float]:
        """Client -> microseconds, those above 0."""
        if waits_ps is None:
            return {}
        return {
            client: round(time_ps / PS_PER_NS) / 1000
            for client, time_ps in zip(self._waited_for, waits_ps.tolist(), strict=True)
            if time_ps >= PS_PER_NS
        }


def bandwidth(
    grants: np.ndarray, window_ps: Window, bins: int, clients: Sequence[str] = BOARD
) -> list[tuple[int, dict[str, float]]]:
    """Time and gigabytes per second by client of equal stretches of the window; a grant counts where it starts."""
    start_ps, end_ps = window_ps
    edges = np.linspace(start_ps, end_ps, bins + 1).astype(np.int64)
    present = [client for client in range(len(clients)) if (grants[:, L_CLIENT] == client).any()]
    rates = {}
    for client in present:
        own = grants[grants[:, L_CLIENT] == client]
        moved, _ = np.histogram(own[:, L_START], edges, weights=own[:, L_BYTES])
        rates[clients[client]] = np.round(moved * 1000 / np.diff(edges), 6)
    return [(int(edges[index]), {name: float(rate[index]) for name, rate in rates.items()}) for index in range(bins)]
