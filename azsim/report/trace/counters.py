"""Levels over time: what waits, how far the device is behind, what the music has left, who moves how much.

::

    asked   +1   +1        +1
    began      -1    -1 -1       ──> how many wait
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from azsim.report.trace.memory import BANDWIDTH, bandwidth
from azsim.report.trace.tracks import PS_PER_NS, Event, microseconds, pid, subsystem
from azsim.soc.memory.columns import L_REQUEST, L_START
from azsim.soc.timeline import Timeline
from azsim.soc.trace import Window

Level = tuple[np.ndarray, np.ndarray]
"""Times in picoseconds, ascending, and the values from there on."""


def counter_events(timeline: Timeline, window_ps: Window, room: int) -> list[Event]:
    """Counters of the window, about ``room`` events in all; where they are thinned, dips and peaks stay."""
    levels = {name: (np.asarray(times), np.asarray(values)) for name, (times, values) in timeline.counters.items()}
    for prefix in ("npu", "cpu"):
        spans = [span for span in timeline.spans if span.track.startswith(prefix) and span.asked_ps >= 0]
        if spans:
            waiting = _waiting([span.asked_ps for span in spans], [span.start_ps for span in spans])
            levels[f"{prefix} jobs waiting"] = waiting
    grants = timeline.grants
    inside = (grants[:, L_START] >= timeline.window_ps[0]) & (grants[:, L_START] < timeline.window_ps[1])
    if inside.any():
        levels["dram requests waiting"] = _waiting(grants[inside, L_REQUEST], grants[inside, L_START])
    if len(timeline.step_release_ps):
        levels["utterance steps under way"] = _waiting(timeline.step_release_ps, timeline.step_done_ps)
    share = max(2, room // (len(levels) + (1 if len(grants) else 0) or 1))
    events = []
    for name, level in levels.items():
        process = subsystem(name) if subsystem(name) != "Other" else "Audio"
        for time_ps, value in zip(*thinned(level, window_ps, share), strict=True):
            events.append(_event(name, process, int(time_ps), {"value": value.item()}))
    if len(grants):
        bins = max(1, min(share, (window_ps[1] - window_ps[0]) // 10**9))
        name = f"{BANDWIDTH}, mean of {(window_ps[1] - window_ps[0]) / bins / 1e9:.3g} ms"
        for time_ps, rates in bandwidth(grants, window_ps, bins, timeline.clients):
            events.append(_event(name, "DRAM", time_ps, rates))
    return events


def _event(name: str, process: str, time_ps: int, values: dict[str, float]) -> Event:
    return {"ph": "C", "name": name, "pid": pid(process), "ts": microseconds(time_ps), "args": dict(values)}


def processes(events: Iterable[Event]) -> list[int]:
    """Numbers of the processes that have counters."""
    return sorted({event["pid"] for event in events})


def _waiting(asked_ps: Sequence[int] | np.ndarray, began_ps: Sequence[int] | np.ndarray) -> Level:
    """How many have asked and not begun; one value per instant, what began at once is not seen."""
    asked, began = np.asarray(asked_ps, np.int64), np.asarray(began_ps, np.int64)
    waited = asked < began
    times = np.concatenate([asked[waited], began[waited]])
    changes = np.repeat([1, -1], waited.sum())
    order = np.argsort(times, kind="stable")
    times, depth = times[order], np.cumsum(changes[order])
    last = np.append(times[1:] != times[:-1], True)[: len(times)]
    return times[last], depth[last]


def thinned(level: Level, window_ps: Window, room: int) -> Level:
    """The level within a window: its value at the beginning, then at most two changes a stretch: least and largest.

    Of changes within one nanosecond the last one counts.
    """
    times, values = level
    start_ps, end_ps = window_ps
    first, last = np.searchsorted(times, [start_ps, end_ps])
    before = values[first - 1 : first] if first else np.zeros(1, np.int64)
    if first == last or times[first] > start_ps:
        times, values = np.append(start_ps, times[first:last]), np.append(before, values[first:last])
    else:
        times, values = times[first:last], values[first:last]
    last_of_ns = np.append(np.diff(times // PS_PER_NS) > 0, True)
    times, values = times[last_of_ns], values[last_of_ns]
    if len(times) <= room:
        return times, values
    kept: set[int] = {0}
    for part in np.array_split(np.arange(len(times)), max(1, room // 2)):
        kept.update((int(part[np.argmin(values[part])]), int(part[np.argmax(values[part])])))
    index = sorted(kept)
    return times[index], values[index]
