"""Flows: a step's sound from the microphone through its jobs in order, the last one on to the words."""

from __future__ import annotations

from azsim.report.trace.flows import SliceFinder, flow_events, step_points
from azsim.report.trace.tracks import TraceSlice


def test_a_flow_follows_the_jobs_of_its_step(timeline):
    points = step_points(timeline, [("test", 0, 0)])
    assert sorted(points) == list(range(len(points)))
    for step, path in points.items():
        jobs = [span for span in timeline.spans if span.step == step and span.track != "dram"]
        if step == 0:
            assert jobs.pop(0).name == "prediction"  # its first run needs no sound
        assert path[0][0] == "microphone"
        assert path[1 : 1 + len(jobs)] == [(job.track, job.start_ps) for job in jobs]
        assert [time for _, time in path] == sorted(time for _, time in path)
    last = points[max(points)]
    assert last[-1] == ("words", timeline.elapsed_ps)
    assert sum(path[-1][0] == "words" for path in points.values()) == 1


def test_points_outside_of_any_slice_are_left_out_and_one_alone_is_no_flow():
    places = SliceFinder(
        [TraceSlice("cpu0", "a", 0, 5000), TraceSlice("npu", "b", 6000, 6400), TraceSlice("npu", "c", 7000, 9000)]
    )
    assert places.at("cpu0", 4999) == ("cpu0", 4999)
    assert places.at("cpu0", 5000) is None
    assert places.at("npu", 6000) is None  # too short to be seen
    threads = {"cpu0": 1, "npu": 2}
    path = [("cpu0", 0), ("npu", 6000), ("npu", 7000)]
    events = flow_events({4: path, 5: path[:2]}, places, threads, 1)
    assert [(event["ph"], event["id"], event["tid"]) for event in events] == [("s", 5, 1), ("f", 5, 2)]
    assert flow_events({5: path}, places, threads, 2) == []
