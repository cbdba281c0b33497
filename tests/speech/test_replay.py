"""The same utterance on another network."""

from __future__ import annotations

from collections import Counter

import numpy as np

from azsim.speech.gather import gather
from azsim.speech.jobs import job_chain, picked_of
from azsim.speech.replay import replay
from azsim.speech.work import Work

REDUCED = ("encoder.0", "encoder.1", "joint", "prediction")
PLAIN = ("encoder.0", "joint", "prediction")


def test_replay_keeps_steps_labels_and_end_point():
    work = Work("u", 200, 150, True, 195, 1, 5, 6, 30, job_chain(6, [1, 5], REDUCED, 2))
    other = replay(work, (1, 5, 9), PLAIN)
    counts = Counter(job.name for job in other.jobs)
    assert counts == {"encoder.0": 6, "frontend": 6, "joint": 8, "search": 8, "prediction": 3}
    assert (other.endpoint_ms, other.steps, other.audio_ms) == (195, 6, 200)


def test_on_its_own_programs_nothing_changes_but_the_recorded_inputs() -> None:
    jobs = job_chain(6, [1, 5], REDUCED, 2)
    work = Work("u", 200, 150, True, 195, 1, 5, 6, 30, jobs, {"joint.output": np.zeros((3, 4), np.int8)})
    again = replay(work, (1, 5), REDUCED, 2)
    assert again.jobs == jobs
    assert again.inputs == {}


def test_labels_behind_the_end_point_ask_for_nothing() -> None:
    work = Work("u", 200, 150, True, 195, 1, 5, 6, 30, job_chain(6, [1, 5], REDUCED, 2))
    assert replay(work, (1, 5, 6, 7, 9), PLAIN).jobs == replay(work, (1, 5), PLAIN).jobs


def test_replay_keeps_the_branch_of_each_step():
    programs = ("encoder.0", "encoder.0.small", "encoder.1", "encoder.1.small", "joint", "prediction")
    picked = [True, False, False, True]
    work = Work("u", 135, 100, True, 135, 1, 1, 4, 30, job_chain(4, [1], programs, 2, picked=picked))
    assert picked_of(work.jobs) == picked
    other = replay(work, (1,), ("encoder.0", "encoder.0.small", "joint", "prediction"))
    assert picked_of(other.jobs) == picked
    plain = replay(work, (1,), PLAIN)
    assert picked_of(plain.jobs) == [True] * 4


def test_replay_and_gathering_keep_the_wake_word():
    chain = job_chain(6, [3, 5], REDUCED, 2, 2)
    work = Work("u", 200, 150, True, 195, 3, 5, 6, 30, chain, wake_steps=2)
    assert next(job.step for job in replay(work, (3, 5), PLAIN).jobs if job.name == "joint") == 2
    assert gather(work, 2, 2).wake_steps == 1
