"""Jobs: whose they are, how long they waited for what, and that causes add up to their time."""

from __future__ import annotations

import pytest

from azsim.report.trace.jobs import causes_us, job_slices, of_step, utterance_slices
from azsim.report.trace.memory import MemoryWaits
from azsim.soc import simulate
from azsim.soc.companions import Companion
from azsim.soc.memory.columns import L_NUMBER, L_REQUEST, L_START
from tests.soc.cases import device, schedule, schedules, work

TWO = [("first", 0, 0), ("second", 40, 10**13)]


def test_a_step_belongs_to_the_utterance_that_it_falls_into():
    assert of_step(39, TWO) == {"utterance": "first", "step": 39}
    assert of_step(43, TWO) == {"utterance": "second", "step": 3}
    assert of_step(-1, TWO) == {}


def test_every_job_of_the_processor_says_its_causes_and_they_are_its_time(timeline):
    waits = MemoryWaits(timeline.grants, timeline.window_ps)
    slices = [one for one in job_slices(timeline, [("test", 0, 0)], waits) if one.track == "npu"]
    assert len(slices) == len(timeline.tiles) > 50
    for one in slices:
        assert sum(one.args["causes_us"].values()) == pytest.approx((one.end_ps - one.start_ps) / 1e6, abs=0.01)
        assert {"utterance", "step", "stage", "queued_us", "tiles"} <= set(one.args)
    total = {}
    for record in timeline.tiles:
        for cause, time_us in causes_us(record).items():
            total[cause] = total.get(cause, 0) + time_us
    for cause, time_ps in timeline.npu_causes_ps.items():
        assert total.get(cause, 0) == pytest.approx(time_ps / 1e6, abs=0.5)


def test_a_job_on_a_core_says_for_whom_its_misses_waited(timeline):
    waits = MemoryWaits(timeline.grants, timeline.window_ps)
    slices = [one for one in job_slices(timeline, [("test", 0, 0)], waits) if "memory_wait_us" in one.args]
    spans = {(span.track, span.start_ps): span for span in timeline.spans}
    on_cores = [one for one in slices if one.track.startswith("cpu")]
    assert on_cores
    for one in on_cores:
        own = timeline.grants[timeline.grants[:, L_NUMBER] == spans[one.track, one.start_ps].request]
        waited_ps = int((own[:, L_START] - own[:, L_REQUEST]).sum())
        assert sum(one.args["memory_wait_us"].values()) == pytest.approx(waited_ps / 1e6, abs=0.01)


def test_an_utterance_is_told_from_its_first_sample_to_its_words(timeline):
    told = utterance_slices(timeline, [("test", 0, 0)], "turn on")
    names = [one.name for one in told if one.track == "utterance"]
    assert names == ["speaking", "end-pointing"]  # everything was done by the time the end-point fired
    assert (told[0].start_ps, told[1].end_ps) == (0, timeline.elapsed_ps)
    assert [one.name for one in told if one.track == "words"] == ["turn on", "first word"]


def test_a_job_that_queues_says_behind_whom():
    beside = Companion("vision", schedule("vision", 200), 40 * 10**9, 60)
    shared = simulate(device(), work(), schedules(8), music=None, trace=True, companions=[beside])
    queued = [
        one
        for one in job_slices(shared, [("test", 0, 0)], MemoryWaits(shared.grants, shared.window_ps))
        if one.track == "npu" and "queued_behind_us" in one.args
    ]
    assert any("vision" in one.args["queued_behind_us"] for one in queued)
    for one in queued:
        assert sum(one.args["queued_behind_us"].values()) == pytest.approx(one.args["queued_us"], abs=0.01)
