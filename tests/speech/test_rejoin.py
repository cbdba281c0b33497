"""Jobs and events of other stages stay behind what stands in the place of what they waited for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azsim.errors import InputError
from azsim.speech.gather import gather
from azsim.speech.jobs import front_end_jobs, job_chain, merged, recogniser_jobs
from azsim.speech.rejoin import recognisers
from azsim.speech.replay import replay
from azsim.speech.stage import StageJob
from azsim.speech.work import RECOGNISER, LogEntry, Work

PROGRAMS = ("encoder.0", "encoder.1", "joint", "prediction")
STEPS, LABELS = 12, (3, 7, 9)


def all_stages() -> Work:
    """A detector of every second step behind the front end, and a tagger behind the last job of the recogniser."""
    heard = front_end_jobs(0, STEPS)
    own = recogniser_jobs(STEPS, LABELS, PROGRAMS, 2, front_end=heard)
    detector = [StageJob("npu", "detect", one.release_ms, after=(one,)) for one in heard[1::2]]
    tagger = [StageJob("cpu", "words", heard[-1].release_ms, 3, (own[-1], detector[-1]))]
    tagger.append(StageJob("npu", "tag", heard[-1].release_ms, after=(tagger[0],)))
    asked = [(RECOGNISER, heard), (RECOGNISER, own), ("detector", detector), ("tagger", tagger)]
    jobs, places = merged(asked, priorities={"detector": 60, "tagger": 40})
    events = (
        LogEntry(heard[1].release_ms, "detector", "loud", None, places[detector[0]]),
        LogEntry(heard[-1].release_ms, "recogniser", "final", "words", places[own[-1]]),
        LogEntry(heard[-1].release_ms, "tagger", "understood", None, places[tagger[-1]]),
        LogEntry(heard[-1].release_ms, "clock", "tick"),
    )
    return Work("u", 400, 300, False, 375, 3, 9, STEPS, 30, jobs, events=events)


def alone() -> Work:
    return Work("u", 400, 300, False, 375, 3, 9, STEPS, 30, job_chain(STEPS, LABELS, PROGRAMS, 2))


def test_the_recogniser_alone_is_what_it_was_without_the_others() -> None:
    assert recognisers(all_stages()) == alone()
    assert recognisers(alone()) is not None
    assert gather(alone(), 4, 2).events == ()


@pytest.mark.parametrize("change", ["gather 2", "gather 4", "replay"])
def test_others_stay_behind_the_recogniser(change: str) -> None:
    def changed(work: Work) -> Work:
        if change == "replay":
            return replay(work, LABELS, ("encoder.0", "joint", "prediction"))
        return gather(work, int(change[-1]), 2)

    together = 1 if change == "replay" else int(change[-1])
    found, own = changed(all_stages()), changed(alone())
    assert recognisers(found) == own
    others = [job for job in found.jobs if job.stage != RECOGNISER]
    assert [(job.stage, job.priority) for job in others] == [("detector", 60)] * 6 + [("tagger", 40)] * 2
    for job in others:
        if job.stage == "detector":
            (before,) = (found.jobs[place] for place in job.after)
            assert (before.name, before.release_ms) == ("frontend", job.release_ms)
            assert job.step == before.step
    words = next(job for job in others if job.name == "words")
    chain = [job for job in own.jobs if job.name != "frontend"]
    waited = [found.jobs[place] for place in words.after]
    assert [replace(job, after=()) for job in waited if job.stage == RECOGNISER] == [replace(chain[-1], after=())]
    names = [None if event.job < 0 else found.jobs[event.job].name for event in found.events]
    assert names == ["detect", chain[-1].name, "tag", None]
    assert all(place < index for index, job in enumerate(found.jobs) for place in job.after)
    assert together * found.steps >= STEPS


def test_a_recogniser_that_waits_for_another_stage_is_not_replaced() -> None:
    wake = StageJob("npu", "wake", 100)
    waits = StageJob("npu", "encoder.0", 105, after=(wake,))
    jobs, _ = merged([("wake word", [wake]), (RECOGNISER, [waits])])
    with pytest.raises(InputError, match="waits for stage 'wake word'"):
        recognisers(replace(alone(), jobs=jobs))
