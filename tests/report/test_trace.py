"""The rules of the trace format."""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from itertools import pairwise

import invented
import numpy as np
import pytest

from azsim.report.trace import trace_events, trace_json
from azsim.soc.timeline import Span


def slices_by_thread(events: list[dict]) -> dict[tuple[int, int], list[dict]]:
    found = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            found[event["pid"], event["tid"]].append(event)
    return found


def assert_no_overlap(events: list[dict]) -> None:
    for slices in slices_by_thread(events).values():
        for left, right in pairwise(slices):
            assert round(1000 * (left["ts"] + left["dur"])) <= round(1000 * right["ts"])


def test_a_whole_trace_follows_the_format() -> None:
    timeline = invented.timeline(trace=True)
    content = json.loads(trace_json(timeline))
    events = content["traceEvents"]
    assert {event["ph"] for event in events} == {"M", "X", "C", "i"}
    named = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    processes = {e["pid"]: e["args"]["name"] for e in events if e["name"] == "process_name"}
    assert set(slices_by_thread(events)) <= set(named)
    assert {processes[pid] for pid, _ in named} == {"NPU", "CPU", "DRAM", "Audio"}
    times = [event["ts"] for event in events if event["ph"] != "M"]
    assert times == sorted(times)
    assert_no_overlap(events)
    assert sum(event["ph"] == "i" for event in events) == len(timeline.instants)


def test_spans_that_overlap_get_tracks_of_their_own() -> None:
    spans = tuple(Span("dram", f"c{i}", 1000 * i, 1000 * i + 2500) for i in range(9))
    events = trace_events(dataclasses.replace(invented.timeline(), spans=spans))
    assert sum(event["ph"] == "X" for event in events) == 9
    assert_no_overlap(events)
    assert len(slices_by_thread(events)) == 3


@pytest.mark.parametrize("cap", [300, 2000])
def test_cap_joins_slices_and_keeps_instants(cap: int) -> None:
    random = np.random.default_rng(0)
    starts = np.cumsum(random.integers(100_000, 9_000_000, 5000))
    spans = tuple(Span("dram", "npu", int(start), int(start) + 90_000) for start in starts)
    base = dataclasses.replace(invented.timeline(trace=True), counters={})
    events = trace_events(dataclasses.replace(base, spans=spans), cap)
    assert len(events) <= cap
    assert sum(event.get("args", {}).get("activities", 1) for event in events if event["ph"] == "X") == 5000
    assert sum(event["ph"] == "i" for event in events) == len(base.instants)
    assert_no_overlap(events)
