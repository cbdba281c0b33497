"""The Chrome-trace form, checked strictly: what Perfetto and chrome://tracing need, and nothing that they do not know.

**Source:** Trace Event Format (Duan Z. et al., 2016), sections on complete, counter, instant, flow and metadata events;
Perfetto's notes on the form: no overlap on one track, flows bind to the slice that encloses them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise

KEYS = {
    "M": ({"ph", "name", "pid", "tid", "args"}, set()),
    "X": ({"ph", "name", "cat", "pid", "tid", "ts", "dur"}, {"args"}),
    "C": ({"ph", "name", "pid", "ts", "args"}, set()),
    "i": ({"ph", "name", "s", "pid", "tid", "ts"}, {"args"}),
    "s": ({"ph", "id", "name", "cat", "pid", "tid", "ts"}, set()),
    "t": ({"ph", "id", "name", "cat", "pid", "tid", "ts"}, set()),
    "f": ({"ph", "id", "name", "cat", "pid", "tid", "ts", "bp"}, set()),
}
METADATA = {
    "process_name": "name",
    "process_sort_index": "sort_index",
    "process_labels": "labels",
    "thread_name": "name",
    "thread_sort_index": "sort_index",
}


def nanoseconds(microseconds: float) -> int:
    """A time of the trace, which is a whole number of nanoseconds."""
    whole = round(1000 * microseconds)
    assert abs(1000 * microseconds - whole) < 1e-3
    return whole


def check_chrome_trace(content: dict) -> None:
    """Assert that a whole file follows the form."""
    assert set(content) <= {"displayTimeUnit", "otherData", "traceEvents"}
    assert content["displayTimeUnit"] in ("ms", "ns")
    events = content["traceEvents"]
    for event in events:
        _check_keys(event)
    kinds = [event["ph"] == "M" for event in events]
    assert kinds == sorted(kinds, reverse=True), "metadata comes first"
    timed = [event for event in events if event["ph"] != "M"]
    assert all(left["ts"] <= right["ts"] for left, right in pairwise(timed))
    _check_names(events)
    slices = _check_slices(timed)
    _check_counters(timed)
    _check_flows(timed, slices)


def _check_keys(event: dict) -> None:
    needed, allowed = KEYS[event["ph"]]
    assert needed <= set(event) <= needed | allowed, event
    assert isinstance(event["name"], str)
    assert event["name"]
    for key in ("pid", "tid", "id"):
        assert type(event.get(key, 0)) is int
        assert event.get(key, 0) >= 0
    for key in ("ts", "dur"):
        value = event.get(key, 0)
        assert isinstance(value, int | float)
        assert math.isfinite(value)
        assert value >= 0
        nanoseconds(value)
    assert isinstance(event.get("args", {}), dict)
    if event["ph"] == "i":
        assert event["s"] in ("g", "p", "t")
    if event["ph"] == "f":
        assert event["bp"] == "e"
    if event["ph"] == "M":
        assert set(event["args"]) == {METADATA[event["name"]]}


def _check_names(events: list[dict]) -> None:
    """Every process and thread has one name, and no two threads of a process share theirs."""
    processes = [event["pid"] for event in events if event["name"] == "process_name" and event["ph"] == "M"]
    threads = [event for event in events if event["name"] == "thread_name" and event["ph"] == "M"]
    places = [(event["pid"], event["tid"]) for event in threads]
    assert len(processes) == len(set(processes))
    assert len(places) == len(set(places))
    assert len({(event["pid"], event["args"]["name"]) for event in threads}) == len(threads)
    assert {event["pid"] for event in events} <= set(processes)
    assert {(event["pid"], event["tid"]) for event in events if event["ph"] in "Xistf"} <= set(places)


def _check_slices(timed: list[dict]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Slices of a thread follow one another; returns their bounds in nanoseconds."""
    slices = defaultdict(list)
    for event in timed:
        if event["ph"] == "X":
            start = nanoseconds(event["ts"])
            slices[event["pid"], event["tid"]].append((start, start + nanoseconds(event["dur"])))
    for found in slices.values():
        assert all(left[1] <= right[0] for left, right in pairwise(found))
    return slices


def _check_counters(timed: list[dict]) -> None:
    """A counter has the same series throughout, numbers alone, and at most one value at a time."""
    times, series = defaultdict(list), {}
    for event in timed:
        if event["ph"] == "C":
            key = event["pid"], event["name"]
            times[key].append(event["ts"])
            assert event["args"]
            assert all(type(value) in (int, float) and math.isfinite(value) for value in event["args"].values())
            assert series.setdefault(key, set(event["args"])) == set(event["args"])
    for found in times.values():
        assert all(left < right for left, right in pairwise(found))


def _check_flows(timed: list[dict], slices: dict[tuple[int, int], list[tuple[int, int]]]) -> None:
    """A flow begins once, ends once, goes on in between, and each point lies in a slice."""
    flows = defaultdict(list)
    for event in timed:
        if event["ph"] in "stf":
            flows[event["id"]].append(event)
    for found in flows.values():
        assert [event["ph"] for event in found] == ["s", *"t" * (len(found) - 2), "f"]
        assert len({(event["name"], event["cat"]) for event in found}) == 1
        for event in found:
            at = nanoseconds(event["ts"])
            assert any(start <= at < end for start, end in slices[event["pid"], event["tid"]])
