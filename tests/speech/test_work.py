"""Work as a graph of jobs: chains, a job before all others, predecessors that cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.speech.work import FRONT_END, Job, LogEntry, Work, chained

JOBS = st.builds(
    Job,
    engine=st.sampled_from(["cpu", "npu"]),
    name=st.sampled_from([FRONT_END, "search", "encoder.0"]),
    step=st.integers(0, 9),
    release_ms=st.integers(0, 300),
    units=st.integers(1, 4),
    invocation=st.integers(-1, 9),
    stage=st.sampled_from(["recogniser", "whisper"]),
    more_cycles=st.integers(0, 9),
    priority=st.integers(-1, 99),
)


def work_of(jobs: tuple[Job, ...], **changes: object) -> Work:
    given = {"utterance": "u", "audio_ms": 300, "speech_end_ms": 200, "speech_end_estimated": False}
    given |= {"endpoint_ms": 700, "first_label_step": 1, "last_label_step": 4, "steps": 9, "step_ms": 30}
    return Work(**{**given, "jobs": jobs, **changes})


@settings(max_examples=40, deadline=None)
@given(job=JOBS, after=st.lists(st.integers(0, 9)).map(tuple))
def test_a_job_that_waits_for_others_is_otherwise_the_same(job: Job, after: tuple[int, ...]) -> None:
    assert job.waiting_for(after) == replace(job, after=after)


@settings(max_examples=40, deadline=None)
@given(jobs=st.lists(JOBS, max_size=12))
def test_a_chain_runs_one_after_another_and_front_ends_by_their_release(jobs: list[Job]) -> None:
    made = chained(jobs)
    assert [replace(job, after=()) for job in made] == jobs
    last = None
    for place, job in enumerate(made):
        if job.engine == "cpu" and job.name == FRONT_END:
            assert job.after == ()
            continue
        assert last is None or last in job.after
        last = place
    ends = [
        place for place, job in enumerate(made) if job.engine == "cpu" and job.name == FRONT_END and place < (last or 0)
    ]
    assert {before for job in made for before in job.after} >= set(ends)


@settings(max_examples=40, deadline=None)
@given(jobs=st.lists(JOBS, min_size=1, max_size=12))
def test_a_job_before_all_others_is_waited_for_by_those_that_waited_for_nothing(jobs: list[Job]) -> None:
    chain = work_of(chained(jobs))
    entry = LogEntry(200, "recogniser", "final", job=len(jobs) - 1)
    first, *later = replace(chain, events=(entry,)).preceded_by(Job("npu", "reload", 0, 0)).jobs
    assert (first.name, first.after) == ("reload", ())
    for before, now in zip(chain.jobs, later, strict=True):
        shifted = tuple(place + 1 for place in before.after)
        assert now.after == (shifted or ((0,) if before.engine == "npu" else ()))
        assert replace(now, after=before.after) == before
    moved = replace(chain, events=(entry,)).preceded_by(Job("npu", "reload", 0, 0)).events[0]
    assert moved == replace(entry, job=len(jobs))


@pytest.mark.parametrize("after", [(1,), (0, 2), (-1,)])
def test_a_job_waits_for_none_that_comes_later(after: tuple[int, ...]) -> None:
    jobs = (Job("npu", "a", 0, 0), Job("npu", "b", 0, 0, after=after))
    with pytest.raises(InputError, match=r"job 1 \('b'\)"):
        work_of(jobs)
    assert work_of(jobs[:1]).followed_by([Job("npu", "c", 0, 0, after=(0,))]).jobs[1].after == (0,)
