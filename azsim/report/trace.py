"""A timeline as Chrome-trace JSON: opens in Perfetto (ui.perfetto.dev) and chrome://tracing.

::

    NPU    npu       [encoder.0][encoder.1]   [joint] ...
    CPU    cpu0      [frontend]        [search]
           cpu1      [music]
    DRAM   dram      [npu][playback][npu] ...
    Audio  ring      4096 ___/\\__  (counter)

**Source:** Trace Event Format: one ``pid`` per subsystem, one ``tid`` per engine, times in microseconds; slices on
one track must not overlap.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np

from azsim.soc.timeline import Span, Timeline

EVENT_CAP = 100_000
_COUNTER_CAP = 20_000
_PS_PER_NS = 1000
_SUBSYSTEMS = ("NPU", "CPU", "DRAM", "Audio", "Network", "Other")
_BY_PREFIX = (
    ("npu", "NPU"),
    ("cpu", "CPU"),
    ("dram", "DRAM"),
    ("microphone", "Audio"),
    ("playback", "Audio"),
    ("music", "Audio"),
    ("network", "Network"),
)

Event = dict[str, object]


def trace_json(timeline: Timeline, cap: int = EVENT_CAP) -> str:
    """The whole trace as one JSON object, one event per line."""
    lines = ",\n".join(json.dumps(event, separators=(",", ":")) for event in trace_events(timeline, cap))
    return f'{{"displayTimeUnit":"ns","traceEvents":[\n{lines}\n]}}\n'


def trace_events(timeline: Timeline, cap: int = EVENT_CAP) -> list[Event]:
    """Metadata first, then slices, counters and instants in order of time, at most ``cap`` events.

    Where there are more, neighbouring slices of a track are joined (their number stands in ``args``) and counters
    are thinned; instants are kept.
    """
    lanes = _lanes(timeline.spans)
    instant_tracks = dict.fromkeys(instant.track for instant in timeline.instants)
    threads = {track: index + 1 for index, track in enumerate([*lanes, *(t for t in instant_tracks if t not in lanes)])}
    metadata = _metadata(threads)
    counters = _counters(timeline)
    instants = [_instant(i.name, i.track, i.time_ps, threads) for i in timeline.instants]
    room = max(cap - len(metadata) - len(counters) - len(instants), len(lanes))
    slices = [_slice(span, count, track, threads) for track, span, count in _joined(lanes, room)]
    return metadata + sorted([*slices, *counters, *instants], key=lambda event: float(str(event["ts"])))


def _subsystem(track: str) -> str:
    return next((name for prefix, name in _BY_PREFIX if track.startswith(prefix)), "Other")


def _pid(track: str) -> int:
    return _SUBSYSTEMS.index(_subsystem(track)) + 1


def _metadata(threads: dict[str, int]) -> list[Event]:
    events: list[Event] = []
    for pid in sorted({_pid(track) for track in threads} | {_SUBSYSTEMS.index("Audio") + 1}):
        events.append({"ph": "M", "name": "process_name", "pid": pid, "tid": 0, "args": {"name": _SUBSYSTEMS[pid - 1]}})
        events.append({"ph": "M", "name": "process_sort_index", "pid": pid, "tid": 0, "args": {"sort_index": pid}})
    for track, tid in threads.items():
        where = {"ph": "M", "pid": _pid(track), "tid": tid}
        events.append(where | {"name": "thread_name", "args": {"name": track}})
        events.append(where | {"name": "thread_sort_index", "args": {"sort_index": tid}})
    return events


def _lanes(spans: Sequence[Span]) -> dict[str, list[Span]]:
    """Track -> its spans in order of time; a span that would overlap goes to ``track (2)`` and so on."""
    by_track: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda s: (s.start_ps, s.end_ps)):
        by_track.setdefault(span.track, []).append(span)
    lanes: dict[str, list[Span]] = {}
    for track in sorted(by_track):
        rows: list[list[Span]] = []
        for span in by_track[track]:
            free = next((row for row in rows if row[-1].end_ps <= span.start_ps), None)
            if free is None:
                rows.append([span])
            else:
                free.append(span)
        for number, row in enumerate(rows, start=1):
            lanes[track if number == 1 else f"{track} ({number})"] = row
    return lanes


def _joined(lanes: dict[str, list[Span]], room: int) -> list[tuple[str, Span, int]]:
    """Track, slice and how many spans it stands for; gaps up to a growing limit are bridged until all fit."""
    joined = [(track, span, 1) for track, spans in lanes.items() for span in spans]
    limit_ps = 1_000_000
    while len(joined) > room:
        joined = list(_bridge(joined, limit_ps))
        limit_ps *= 4
    return joined


def _bridge(slices: Iterable[tuple[str, Span, int]], limit_ps: int) -> Iterable[tuple[str, Span, int]]:
    held: tuple[str, Span, int] | None = None
    for track, span, count in slices:
        if held is not None and held[0] == track and span.start_ps - held[1].end_ps <= limit_ps:
            name = span.name if span.name == held[1].name else "several"
            held = (track, Span(span.track, name, held[1].start_ps, span.end_ps, held[1].step), held[2] + count)
            continue
        if held is not None:
            yield held
        held = (track, span, count)
    if held is not None:
        yield held


def _microseconds(time_ps: int) -> float:
    """Whole nanoseconds, so that rounding cannot make neighbours overlap."""
    return time_ps // _PS_PER_NS / 1000


def _slice(span: Span, count: int, track: str, threads: dict[str, int]) -> Event:
    duration_ns = span.end_ps // _PS_PER_NS - span.start_ps // _PS_PER_NS
    event: Event = {"ph": "X", "name": span.name, "cat": _subsystem(track), "pid": _pid(track), "tid": threads[track]}
    event |= {"ts": _microseconds(span.start_ps), "dur": duration_ns / 1000}
    args = ({"step": span.step} if span.step >= 0 else {}) | ({"activities": count} if count > 1 else {})
    return event | ({"args": args} if args else {})


def _instant(name: str, track: str, time_ps: int, threads: dict[str, int]) -> Event:
    event: Event = {"ph": "i", "name": name, "s": "g", "pid": _pid(track), "tid": threads[track]}
    return event | {"ts": _microseconds(time_ps)}


def _counters(timeline: Timeline) -> list[Event]:
    events: list[Event] = []
    for name, (times_ps, values) in timeline.counters.items():
        stride = max(1, -(-len(times_ps) * len(timeline.counters) // _COUNTER_CAP))
        for time_ps, value in zip(np.asarray(times_ps)[::stride], np.asarray(values)[::stride], strict=True):
            pid = _pid(name) if _subsystem(name) != "Other" else _SUBSYSTEMS.index("Audio") + 1
            events.append(
                {
                    "ph": "C",
                    "name": name,
                    "pid": pid,
                    "ts": _microseconds(int(time_ps)),
                    "args": {"value": value.item()},
                }
            )
    return events
