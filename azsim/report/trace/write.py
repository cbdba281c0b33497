"""The whole trace, as many events as fit: jobs and counters first, then flows and the memory, then tiles.

::

    instants, counters ──> jobs ──> flows ──> memory ──> tiles of every step, or of one in 2, 4, 8...   <= events
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from azsim.report.trace import counters, flows
from azsim.report.trace.jobs import Utterances, job_slices, utterance_slices
from azsim.report.trace.memory import MemoryWaits
from azsim.report.trace.options import TraceOptions
from azsim.report.trace.tiles import tile_events, tile_slices
from azsim.report.trace.tracks import (
    SUBSYSTEMS,
    Event,
    TraceSlice,
    clipped,
    instant_event,
    joined,
    metadata,
    place,
    slice_event,
    without_overlap,
)
from azsim.soc.timeline import Instant, TileRecord, Timeline
from azsim.soc.trace import Window

_ORDER = {"M": 0, "X": 1, "C": 2, "i": 3, "s": 4, "t": 5, "f": 6}
_METADATA_ROOM = 100


@dataclass(frozen=True)
class Trace:
    """Events, and what of the run they show.

    Attributes:
        events: metadata first, then all others in order of time.
        shown: what is said of the choice, in the file's ``otherData``.
    """

    events: list[Event]
    shown: dict[str, object]


def trace_json(
    timeline: Timeline, options: TraceOptions | None = None, *, text: str = "", utterances: Utterances | None = None
) -> str:
    """The whole trace as one JSON object, one event per line; arguments as for `trace_events`."""
    trace = make_trace(timeline, options or TraceOptions(), text, utterances or [(timeline.utterance, 0, 0)])
    encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
    lines = ",\n".join(map(encode, trace.events))
    return f'{{"displayTimeUnit":"ns","otherData":{encode(trace.shown)},"traceEvents":[\n{lines}\n]}}\n'


def trace_events(
    timeline: Timeline, options: TraceOptions | None = None, *, text: str = "", utterances: Utterances | None = None
) -> list[Event]:
    """Metadata first, then slices, counters, instants and flows in order of time, at most ``options.events``.

    Args:
        timeline: with spans; tiles and waits are shown where it holds them.
        options: what to show.
        text: the words, for their mark.
        utterances: name, first step and start of each, if there are several.
    """
    return make_trace(timeline, options or TraceOptions(), text, utterances or [(timeline.utterance, 0, 0)]).events


def make_trace(timeline: Timeline, options: TraceOptions, text: str, utterances: Utterances) -> Trace:
    """Choose what fits, then make events of it."""
    window_ps = options.window_ps or (0, _end_ps(timeline))
    room = max(0, options.events - _METADATA_ROOM)
    instants, stands_for = _instants(timeline.instants, window_ps, room // 10)
    levels = counters.counter_events(timeline, window_ps, room // 4)
    told = clipped(utterance_slices(timeline, utterances, text), *window_ps)
    room -= len(instants) + len(levels) + len(told)
    waits = MemoryWaits(timeline.grants, timeline.window_ps, timeline.clients)
    all_jobs = without_overlap([*told, *clipped(job_slices(timeline, utterances, waits), *window_ps)])
    jobs = joined(all_jobs, room * 3 // 5)
    room -= len(jobs)
    points = flows.step_points(timeline, utterances)
    flow_counts = [(step, _within(path, window_ps)) for step, path in points.items()]
    flow_every, flow_count = _sampled(options.every, flow_counts, room // 3)
    room -= flow_count
    places = flows.SliceFinder(jobs)
    all_memory = without_overlap(clipped(_memory(timeline, waits, window_ps), *window_ps))
    memory = joined(all_memory, room * 2 // 5)
    room -= len(memory)
    records = [record for record in timeline.tiles if _touches(record, window_ps)]
    tile_every, _ = _sampled(options.every, [(record.step, tile_events(record)) for record in records], room)
    chosen = [record for record in records if tile_every and record.step % tile_every == 0]
    tiles = without_overlap(clipped(tile_slices(chosen, utterances, waits), *window_ps))
    slices = [*jobs, *memory, *tiles]
    tracks = {one.track for one in slices} | {instant.track for instant in instants}
    threads = {track: index + 1 for index, track in enumerate(sorted(tracks, key=place))}
    shown = _shown(timeline, options, window_ps, tile_every, flow_every)
    shown["joined"] = len(jobs) + len(memory) < len(all_jobs) + len(all_memory)
    labels = {"NPU": _label(shown)} if records else {}
    with_counters = [SUBSYSTEMS[number - 1] for number in counters.processes(levels)]
    timed = [
        *(slice_event(one, threads) for one in slices),
        *levels,
        *(instant_event(i.name, i.track, i.time_ps, threads, stands_for) for i in instants),
        *flows.flow_events(points, places, threads, flow_every),
    ]
    timed.sort(key=lambda event: (event["ts"], _ORDER[event["ph"]]))
    return Trace(metadata(threads, with_counters, labels) + timed, shown)


def _end_ps(timeline: Timeline) -> int:
    """The end of everything that is told."""
    ends = [timeline.elapsed_ps, *(span.end_ps for span in timeline.spans), *(i.time_ps for i in timeline.instants)]
    return max(ends) + 2 * 10**9


def _instants(instants: Sequence[Instant], window_ps: Window, room: int) -> tuple[list[Instant], int]:
    """Those of the window, one in so many if there are more than ``room``."""
    inside = [one for one in instants if window_ps[0] <= one.time_ps < window_ps[1]]
    stride = max(1, -(-len(inside) // max(1, room)))
    return inside[::stride], stride


def _memory(timeline: Timeline, waits: MemoryWaits, window_ps: Window) -> list[TraceSlice]:
    """From the log; from spans where the timeline has no log."""
    return waits.slices(window_ps) or [
        TraceSlice("dram", span.name, span.start_ps, span.end_ps) for span in timeline.spans if span.track == "dram"
    ]


def _touches(record: TileRecord, window_ps: Window) -> bool:
    end_ps = record.start_ps + (int(record.times_ps[-1, -1]) if len(record.schedule) else 0)
    return record.start_ps < window_ps[1] and end_ps > window_ps[0]


def _within(path: Sequence[tuple[str, int]], window_ps: Window) -> int:
    return sum(window_ps[0] <= time_ps < window_ps[1] for _, time_ps in path)


def _sampled(every: int, counts: Sequence[tuple[int, int]], room: int) -> tuple[int, int]:
    """The least ``every`` times a power of two with which events fit, and their number; 0 if none does.

    Args:
        counts: step, and how many events it has.
    """
    last = max((step for step, _ in counts), default=0)
    while True:
        count = sum(events for step, events in counts if step % every == 0)
        if count <= room:
            return every, count
        if every > last:
            return 0, 0
        every *= 2


def _shown(
    timeline: Timeline, options: TraceOptions, window_ps: Window, tile_every: int, flow_every: int
) -> dict[str, object]:
    """What the file says of itself."""
    return {
        "utterance": timeline.utterance,
        "window_ms": [window_ps[0] / 1e9, window_ps[1] / 1e9],
        "tiles_window_ms": [timeline.window_ps[0] / 1e9, timeline.window_ps[1] / 1e9],
        "tiles_of_one_step_in": tile_every,
        "flows_of_one_step_in": flow_every,
        "most_events": options.events,
    }


def _label(shown: dict[str, object]) -> str:
    every = shown["tiles_of_one_step_in"]
    if not every:
        return "too many tiles in one step: give a narrower window or more events"
    return "tiles of every step" if every == 1 else f"tiles of one step in {every}"
