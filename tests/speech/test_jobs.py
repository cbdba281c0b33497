"""The chain of jobs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from azsim.speech.jobs import StepTurn, greedy_turns, job_chain, turns_of

REDUCED = ("encoder.0", "encoder.1", "joint", "prediction")


def names(jobs, step: int) -> list[str]:
    return [job.name for job in jobs if job.step == step]


def test_a_label_runs_the_prediction_and_the_joint_again():
    jobs = job_chain(4, [1, 3, 3], REDUCED, 2)
    assert names(jobs, 0) == ["prediction", "frontend", "encoder.0"]
    turn = ["joint", "search", "prediction"]
    assert names(jobs, 1) == ["frontend", "encoder.0", "encoder.1", *turn, "joint", "search"]
    assert names(jobs, 3) == ["frontend", "encoder.0", "encoder.1", *turn, *turn, "joint", "search"]
    assert [job.release_ms for job in jobs if job.name == "encoder.0"] == [45, 75, 105, 135]


def test_each_step_runs_the_branch_that_was_picked_for_it():
    programs = ("arbiter", "encoder.0", "encoder.0.small", "encoder.1", "encoder.1.small", "joint", "prediction")
    jobs = job_chain(4, [], programs, 2, picked=[True, False, False, True])
    encoders = [job.name for job in jobs if job.name.startswith(("arbiter", "encoder"))]
    assert encoders == [
        "arbiter", "encoder.0", "arbiter", "encoder.0.small", "encoder.1.small",
        "arbiter", "encoder.0.small", "arbiter", "encoder.0", "encoder.1",
    ]  # fmt: skip
    assert [job.invocation for job in jobs if job.name == "encoder.0.small"] == [0, 1]


def test_after_four_labels_the_joint_is_not_asked_again():
    jobs = job_chain(2, [1] * 4, REDUCED, 2)
    assert Counter(job.name for job in jobs)["joint"] == 4


def test_every_step_has_its_three_frames():
    jobs = job_chain(4, [], REDUCED, 2)
    assert [job.units for job in jobs if job.name == "frontend"] == [3, 3, 3, 3]
    assert max(job.release_ms for job in jobs) == 3 * 30 + 45


def test_invocations_count_each_program():
    jobs = job_chain(6, [1, 5], REDUCED, 2)
    for name in REDUCED:
        own = [job.invocation for job in jobs if job.name == name]
        assert own == list(range(len(own)))
    assert {job.invocation for job in jobs if job.engine == "cpu"} == {-1}


def test_a_wake_word_is_caught_up_on_when_it_has_ended_and_not_searched():
    jobs = job_chain(6, [3, 5], REDUCED, 2, wake_steps=2)
    without = job_chain(6, [3, 5], REDUCED, 2)
    assert [job.release_ms for job in jobs if job.name == "encoder.0"] == [75, 75, 105, 135, 165, 195]
    assert [job.release_ms for job in jobs if job.name == "frontend"] == [45, 75, 105, 135, 165, 195]
    assert [job.step for job in jobs if job.name == "joint"] == [3, 3, 5, 5]
    saved = Counter(job.name for job in without) - Counter(job.name for job in jobs)
    assert saved == {"joint": 1, "search": 1}


def test_a_dearer_front_end_asks_for_more_cycles_by_the_frame():
    plain, dearer = (
        job_chain(4, [1], ("encoder.0", "encoder.1", "joint", "prediction"), 2, cycles_per_frame=cycles)
        for cycles in (0, 448)
    )
    assert [job.more_cycles for job in dearer if job.name == "frontend"] == [3 * 448] * 4
    assert [replace(job, more_cycles=0) for job in dearer] == list(plain)


def test_turns_of_a_beam_are_runs_that_hypotheses_share():
    turns = [StepTurn(1, 1, 2), StepTurn(1, 2, 0), StepTurn(3, 3, 1), StepTurn(3, 1, 0), StepTurn(5, 4, 0)]
    jobs = job_chain(4, [1, 3], REDUCED, 2, turns=turns)
    runs = [(job.name, job.units, job.invocation) for job in jobs if job.name in ("joint", "prediction")]
    assert runs == [
        ("prediction", 1, 0), ("joint", 1, 0), ("prediction", 2, 1), ("joint", 2, 1), ("joint", 3, 3),
        ("prediction", 1, 3), ("joint", 1, 6),
    ]  # fmt: skip
    assert [job.units for job in jobs if job.name == "search"] == [1, 2, 3, 1]
    assert [job.schedule for job in jobs if job.name == "joint"] == ["joint", "joint*2", "joint*3", "joint"]
    assert turns_of(jobs) == turns[:4]


def test_a_greedy_search_takes_a_turn_more_after_each_label():
    assert list(greedy_turns(4, [3, 3], 2)) == [
        StepTurn(1, 1, 0),
        StepTurn(3, 1, 1),
        StepTurn(3, 1, 1),
        StepTurn(3, 1, 0),
    ]
    labels = [1, 3, 3, 9]
    assert job_chain(6, labels, REDUCED, 2) == job_chain(6, labels, REDUCED, 2, turns=list(greedy_turns(6, labels, 2)))
