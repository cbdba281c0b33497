"""The whole file: the form, the size that it keeps to, and that it says what it leaves out."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest

from azsim.report.trace import TraceOptions, trace_events, trace_json
from azsim.soc import simulate
from azsim.soc.timeline import Instant, Span, Timeline
from tests.report import invented
from tests.report.trace.chrome import check_chrome_trace
from tests.soc.cases import device, schedules, track, work

MS = 10**9


def checked(timeline: Timeline, options: TraceOptions | None = None, **more: object) -> dict:
    content = json.loads(trace_json(timeline, options, **more))
    check_chrome_trace(content)
    return content


def threads(content: dict) -> dict[tuple[int, int], str]:
    events = content["traceEvents"]
    return {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}


def test_a_whole_trace_follows_the_form_and_names_every_part(timeline):
    content = checked(timeline, TraceOptions(events=200_000), text="turn on the light")
    events = content["traceEvents"]
    assert {event["ph"] for event in events} == {"M", "X", "C", "i", "s", "t", "f"}
    names = {e["args"]["name"] for e in events if e["name"] == "process_name"}
    assert names == {"Speech", "NPU", "CPU", "DRAM", "Audio", "Network"}
    tracks = list(threads(content).values())
    assert tracks[:8] == [
        "utterance", "words", "npu", "npu fetch", "npu decoder", "npu lanes", "npu vector", "npu write"
    ]  # fmt: skip
    assert sum(event["ph"] == "i" for event in events) == len(timeline.instants)
    assert any(event["name"] == "turn on the light" for event in events)
    assert content["otherData"]["tiles_of_one_step_in"] == 1
    assert not content["otherData"]["joined"]


def test_an_invented_timeline_without_tiles_or_log_is_drawn_as_well():
    content = checked(invented.timeline(trace=True))
    assert {"npu", "cpu0", "cpu1", "dram"} <= set(threads(content).values())


@pytest.mark.parametrize("events", [1000, 3000, 20_000])
def test_never_more_events_than_asked_for_and_what_is_left_out_is_said(timeline, events):
    content = checked(timeline, TraceOptions(events=events))
    assert len(content["traceEvents"]) <= events
    every = content["otherData"]["tiles_of_one_step_in"]
    steps = {e["args"]["step"] for e in content["traceEvents"] if "tile" in e.get("args", {})}
    assert all(every and step % every == 0 for step in steps)
    label = next(e["args"]["labels"] for e in content["traceEvents"] if e["name"] == "process_labels")
    assert str(every) in label or every in (0, 1)


def test_every_second_step_has_tiles_and_flows_and_all_have_jobs(timeline):
    events = checked(timeline, TraceOptions(every=2))["traceEvents"]
    steps = Counter()
    for event in events:
        args = event.get("args", {})
        if "step" in args:
            steps["tile" in args, args["step"] % 2] += 1
    assert steps[True, 0] > 0 == steps[True, 1]
    assert steps[False, 0] > 0 < steps[False, 1]
    assert {event["id"] % 2 for event in events if event["ph"] == "s"} == {1}


def test_a_window_shows_what_happened_in_it_alone(timeline):
    window = (300 * MS, 420 * MS)
    content = checked(timeline, TraceOptions(window_ps=window))
    timed = [event for event in content["traceEvents"] if event["ph"] != "M"]
    assert all(event["ts"] >= 300_000 and event["ts"] + event.get("dur", 0) <= 420_000 for event in timed)
    jobs = [e for e in timed if e["ph"] == "X" and threads(content)[e["pid"], e["tid"]] == "npu"]
    inside = [s for s in timeline.spans if s.track == "npu" and s.end_ps > window[0] and s.start_ps < window[1]]
    assert len(jobs) == len(inside) > 0
    assert content["otherData"]["window_ms"] == [300.0, 420.0]


@pytest.mark.parametrize("window_ps", [None, (10**12, 13 * 10**11)])
def test_a_run_of_a_million_events_stays_openable(window_ps):
    """A production-like load: many tiles per program, so that tiles and grants alone would be over a million events."""
    options = TraceOptions(window_ps=window_ps)
    large = work(audio_ms=6000, labels=tuple(range(6, 190, 4)), endpoint_ms=5900)
    record = simulate(device(), large, schedules(30), music=track(), trace=True, window_ps=options.detail_ps)
    everything = 6 * sum(len(tiles.schedule) for tiles in record.tiles) + len(record.grants)
    assert everything > (10**6 if window_ps is None else 2 * 10**4)
    text = trace_json(record, options)
    assert len(text) < 6e6
    content = json.loads(text)
    check_chrome_trace(content)
    assert len(content["traceEvents"]) <= options.events


@pytest.mark.parametrize("events", [1000, 2000])
def test_where_jobs_alone_are_too_many_neighbours_are_joined_and_counted(events):
    random = np.random.default_rng(0)
    starts = np.cumsum(random.integers(100_000, 9_000_000, 5000))
    spans = tuple(Span("cpu0", "search", int(start), int(start) + 90_000) for start in starts)
    base = dataclasses.replace(invented.timeline(trace=True), counters={})
    content = checked(dataclasses.replace(base, spans=spans), TraceOptions(events=events))
    assert len(content["traceEvents"]) <= events
    assert content["otherData"]["joined"]
    found = [e for e in content["traceEvents"] if e["ph"] == "X" and e["name"] == "search"]
    assert sum(event.get("args", {}).get("activities", 1) for event in found) == 5000
    assert sum(event["ph"] == "i" for event in content["traceEvents"]) == len(base.instants)


def test_too_many_instants_are_thinned_and_say_so():
    instants = tuple(Instant("npu", "deadline miss", index * MS) for index in range(5000))
    base = dataclasses.replace(invented.timeline(trace=True), instants=instants)
    events = checked(base, TraceOptions(events=1000))["traceEvents"]
    kept = [event for event in events if event["ph"] == "i"]
    assert 0 < len(kept) <= 100
    assert kept[0]["args"]["stands_for"] * len(kept) >= 5000


def test_spans_that_overlap_get_tracks_of_their_own():
    spans = tuple(Span("cpu0", f"c{i}", 1000 * i, 1000 * i + 2500) for i in range(9))
    content = checked(dataclasses.replace(invented.timeline(), spans=spans))
    assert {"cpu0", "cpu0 (2)", "cpu0 (3)"} <= set(threads(content).values())
    assert sum(event["name"].startswith("c") and event["ph"] == "X" for event in content["traceEvents"]) == 9


def test_the_same_timeline_gives_the_same_bytes(timeline):
    assert trace_json(timeline) == trace_json(timeline)
    assert trace_events(timeline) == trace_events(timeline, TraceOptions())
