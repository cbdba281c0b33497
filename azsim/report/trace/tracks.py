"""Slices, and the rows of the trace they stand in: a process per subsystem, a thread per engine.

::

    slices of one engine   [a    ][c   ]         ──> track
    what would overlap        [b    ]            ──> track (2)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Event = dict[str, Any]
"""One object of the trace."""

PS_PER_NS = 1000
SUBSYSTEMS = ("Speech", "NPU", "CPU", "DRAM", "Audio", "Network", "Other")
_BY_PREFIX = (
    ("utterance", "Speech"),
    ("words", "Speech"),
    ("npu", "NPU"),
    ("cpu", "CPU"),
    ("dram", "DRAM"),
    ("microphone", "Audio"),
    ("playback", "Audio"),
    ("music", "Audio"),
    ("network", "Network"),
)
_STAGES = ("utterance", "words", "npu", "npu fetch", "npu decoder", "npu lanes", "npu vector", "npu write")
_FIRST_GAP_PS = 1_000_000


@dataclass(frozen=True, slots=True)
class TraceSlice:
    """A stretch of one track.

    Attributes:
        args: what the trace tells of it.
        joined: how many slices it stands for.
    """

    track: str
    name: str
    start_ps: int
    end_ps: int
    args: Event = field(default_factory=dict)
    joined: int = 1

    @property
    def visible(self) -> bool:
        """Whether it lasts in whole nanoseconds."""
        return self.end_ps // PS_PER_NS > self.start_ps // PS_PER_NS


def subsystem(track: str) -> str:
    """The process that a track or counter belongs to."""
    return next((name for prefix, name in _BY_PREFIX if track.startswith(prefix)), "Other")


def place(track: str) -> tuple[int, int, str]:
    """Where a track stands among the others: by subsystem, the processor's stages in their order."""
    name = track.partition(" (")[0]
    return pid(subsystem(track)), _STAGES.index(name) if name in _STAGES else len(_STAGES), track


def pid(process: str) -> int:
    """Process number, from 1."""
    return SUBSYSTEMS.index(process) + 1


def microseconds(time_ps: int) -> float:
    """Whole nanoseconds, so that rounding cannot make neighbours overlap."""
    return time_ps // PS_PER_NS / 1000


def clipped(slices: Iterable[TraceSlice], start_ps: int, end_ps: int) -> list[TraceSlice]:
    """The parts within a window."""
    return [
        one
        if start_ps <= one.start_ps and one.end_ps <= end_ps
        else replace(one, start_ps=max(one.start_ps, start_ps), end_ps=min(one.end_ps, end_ps))
        for one in slices
        if one.start_ps < end_ps and one.end_ps > start_ps
    ]


def without_overlap(slices: Iterable[TraceSlice]) -> list[TraceSlice]:
    """The same, track by track in order of time; a slice that would overlap goes to ``track (2)`` and so on."""
    by_track: dict[str, list[TraceSlice]] = {}
    for one in sorted(slices, key=lambda s: (s.start_ps, s.end_ps)):
        by_track.setdefault(one.track, []).append(one)
    placed: list[TraceSlice] = []
    for track in sorted(by_track):
        ends: list[int] = []
        rows: list[list[TraceSlice]] = []
        for one in by_track[track]:
            row = next((row for row, end_ps in enumerate(ends) if end_ps <= one.start_ps), len(ends))
            if row == len(ends):
                ends.append(0)
                rows.append([])
            ends[row] = one.end_ps
            rows[row].append(one if row == 0 else replace(one, track=f"{track} ({row + 1})"))
        placed += [one for row in rows for one in row]
    return placed


def joined(slices: Sequence[TraceSlice], room: int) -> list[TraceSlice]:
    """At most ``room`` slices (but one per track): gaps up to a growing limit are bridged until all fit."""
    found = list(slices)
    room = max(room, len({one.track for one in found}))
    limit_ps = _FIRST_GAP_PS
    while len(found) > room:
        found = _bridge(found, limit_ps)
        limit_ps *= 4
    return found


def _bridge(slices: Iterable[TraceSlice], limit_ps: int) -> list[TraceSlice]:
    kept: list[TraceSlice] = []
    for one in slices:
        held = kept[-1] if kept else None
        if held is not None and held.track == one.track and one.start_ps - held.end_ps <= limit_ps:
            name = one.name if one.name == held.name else "several"
            kept[-1] = TraceSlice(one.track, name, held.start_ps, one.end_ps, {}, held.joined + one.joined)
        else:
            kept.append(one)
    return kept


def metadata(threads: dict[str, int], counters: Iterable[str], labels: dict[str, str]) -> list[Event]:
    """Names and order of all processes and threads; ``labels`` say more about a process."""
    events: list[Event] = []
    processes = {subsystem(track) for track in threads} | set(counters)
    for process in (name for name in SUBSYSTEMS if name in processes):
        number = pid(process)
        events.append({"ph": "M", "name": "process_name", "pid": number, "tid": 0, "args": {"name": process}})
        events.append(
            {"ph": "M", "name": "process_sort_index", "pid": number, "tid": 0, "args": {"sort_index": number}}
        )
        if process in labels:
            events.append(
                {"ph": "M", "name": "process_labels", "pid": number, "tid": 0, "args": {"labels": labels[process]}}
            )
    for track, tid in threads.items():
        where: Event = {"ph": "M", "pid": pid(subsystem(track)), "tid": tid}
        events.append(where | {"name": "thread_name", "args": {"name": track}})
        events.append(where | {"name": "thread_sort_index", "args": {"sort_index": tid}})
    return events


def slice_event(one: TraceSlice, threads: dict[str, int]) -> Event:
    """A complete event (``X``)."""
    start_ns, end_ns = one.start_ps // PS_PER_NS, one.end_ps // PS_PER_NS
    process = subsystem(one.track)
    event: Event = {"ph": "X", "name": one.name, "cat": process, "pid": pid(process), "tid": threads[one.track]}
    event |= {"ts": start_ns / 1000, "dur": (end_ns - start_ns) / 1000}
    args = one.args | ({"activities": one.joined} if one.joined > 1 else {})
    return event | ({"args": args} if args else {})


def instant_event(name: str, track: str, time_ps: int, threads: dict[str, int], stands_for: int = 1) -> Event:
    """A global instant (``i``)."""
    event: Event = {"ph": "i", "name": name, "s": "g", "pid": pid(subsystem(track)), "tid": threads[track]}
    event["ts"] = microseconds(time_ps)
    return event | ({"args": {"stands_for": stands_for}} if stands_for > 1 else {})
