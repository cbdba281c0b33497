"""Collects spans, instants, counters and tiles while the device runs; without a trace it keeps the instants alone.

::

    whole run    spans (jobs), instants, counters, the memory's grants with neighbours in one row
    window       besides: every tile of every job, every grant in a row of its own
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from azsim.soc.memory.columns import L_CLIENT, L_END, L_START, L_WRITE
from azsim.soc.timeline import Instant, Span, TileRecord, no_grants

MERGE_PS = 2_000_000
"""Grants of one client less than this apart make one span, and one row of the log outside of the window."""


Window = tuple[int, int]
"""From when to when, picoseconds."""

FIRST_MINUTE_PS: Window = (0, 60 * 10**12)


class Recorder:
    """Where the parts of the device report what they did.

    Args:
        trace: False keeps nothing but the instants.
        window_ps: where details are kept.

    Attributes:
        grants: the memory's log, once `memory` was called.
    """

    def __init__(self, trace: bool, window_ps: Window = FIRST_MINUTE_PS) -> None:
        self.trace = trace
        self.window_ps = window_ps if trace else (0, 0)
        self.grants = no_grants()
        self._spans: list[Span] = []
        self._instants: list[Instant] = []
        self._counters: dict[str, tuple[list[int], list[int]]] = {}
        self._tiles: list[TileRecord] = []

    def span(
        self, track: str, name: str, start_ps: int, end_ps: int, step: int = -1, *, asked_ps: int = -1, request: int = 0
    ) -> None:
        """An engine was busy with ``name``; kept with a trace only."""
        if self.trace:
            self._spans.append(Span(track, name, start_ps, end_ps, step, asked_ps, request))

    def instant(self, track: str, name: str, time_ps: int) -> None:
        """Something happened; always kept."""
        self._instants.append(Instant(track, name, time_ps))

    def count(self, name: str, time_ps: int, value: int) -> None:
        """A level changed; kept with a trace only."""
        if self.trace:
            times, values = self._counters.setdefault(name, ([], []))
            times.append(time_ps)
            values.append(value)

    def detailed(self, time_ps: int) -> bool:
        """Whether tiles of a job that began then are kept."""
        return self.window_ps[0] <= time_ps < self.window_ps[1]

    def tiles(self, record: TileRecord) -> None:
        """A job of the neural processor, tile by tile."""
        self._tiles.append(record)

    def memory(self, grants: np.ndarray, clients: Sequence[str]) -> None:
        """The memory's log, and its rows as spans of the ``dram`` track, neighbours of one kind joined."""
        self.grants = grants
        if not len(grants):
            return
        kind = 2 * grants[:, L_CLIENT] + grants[:, L_WRITE]
        apart = (np.diff(kind) != 0) | (grants[1:, L_START] - grants[:-1, L_END] > MERGE_PS)
        first = np.flatnonzero(np.concatenate([[True], apart]))
        last = np.append(first[1:], len(grants)) - 1
        for which, start_ps, end_ps in zip(
            kind[first].tolist(), grants[first, L_START].tolist(), grants[last, L_END].tolist(), strict=True
        ):
            self.span("dram", f"{clients[which // 2]} {'write' if which % 2 else 'read'}", start_ps, end_ps)

    def spans(self, until_ps: int) -> tuple[Span, ...]:
        """In order of their start, cut off at ``until_ps``."""
        kept = [span if span.end_ps <= until_ps else replace(span, end_ps=until_ps) for span in self._spans]
        return tuple(
            sorted((span for span in kept if span.start_ps < until_ps), key=lambda span: (span.start_ps, span.track))
        )

    def instants(self) -> tuple[Instant, ...]:
        """In order of time."""
        return tuple(sorted(self._instants, key=lambda instant: instant.time_ps))

    def counters(self) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
        """Name -> times and values, int64."""
        return {
            name: (np.array(times, np.int64), np.array(values, np.int64))
            for name, (times, values) in self._counters.items()
        }

    def tile_records(self) -> tuple[TileRecord, ...]:
        """In the order in which the jobs ended."""
        return tuple(self._tiles)
