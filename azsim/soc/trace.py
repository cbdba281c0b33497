"""Collects spans, instants and counters while the device runs; without a trace it keeps the instants alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from azsim.soc.arbitration import CLIENTS
from azsim.soc.timeline import Instant, Span


class Recorder:
    """Where the parts of the device report what they did."""

    def __init__(self, trace: bool) -> None:
        self.trace = trace
        self._spans: list[Span] = []
        self._instants: list[Instant] = []
        self._counters: dict[str, tuple[list[int], list[int]]] = {}

    def span(self, track: str, name: str, start_ps: int, end_ps: int, step: int = -1) -> None:
        """An engine was busy with ``name``; kept with a trace only."""
        if self.trace:
            self._spans.append(Span(track, name, start_ps, end_ps, step))

    def instant(self, track: str, name: str, time_ps: int) -> None:
        """Something happened; always kept."""
        self._instants.append(Instant(track, name, time_ps))

    def count(self, name: str, time_ps: int, value: int) -> None:
        """A level changed; kept with a trace only."""
        if self.trace:
            times, values = self._counters.setdefault(name, ([], []))
            times.append(time_ps)
            values.append(value)

    def memory(self, grants: np.ndarray) -> None:
        """Rows of the memory's log as spans of the ``dram`` track."""
        for client, write, _request, start_ps, end_ps, _bytes, _number in grants.tolist():
            self.span("dram", f"{CLIENTS[client]} {'write' if write else 'read'}", start_ps, end_ps)

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
