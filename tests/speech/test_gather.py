"""Gathered steps do the same jobs later, each encoder program once per run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from azsim.errors import InputError
from azsim.speech.endpoint import step_end_ms
from azsim.speech.gather import gather
from azsim.speech.jobs import job_chain
from azsim.speech.work import Work

PROGRAMS = ("encoder.0", "encoder.1", "joint", "prediction")


def work_of(steps: int = 22, labels: tuple[int, ...] = (3, 3, 9, 15)) -> Work:
    audio_ms = 30 * steps + 200
    return Work(
        utterance="made up",
        audio_ms=audio_ms,
        speech_end_ms=500,
        speech_end_estimated=False,
        endpoint_ms=step_end_ms(steps - 1),
        first_label_step=labels[0],
        last_label_step=labels[-1],
        steps=steps,
        step_ms=30,
        jobs=job_chain(steps, labels, PROGRAMS, 2),
    )


def test_one_step_is_left_as_it_is() -> None:
    work = work_of()
    assert gather(work, 1, 2) is work


def test_steps_with_branches_of_their_own_are_not_gathered() -> None:
    programs = (*PROGRAMS, "encoder.0.small", "encoder.1.small")
    work = replace(work_of(), jobs=job_chain(22, (3,), programs, 2, picked=[True] * 10 + [False] * 12))
    with pytest.raises(InputError, match="must be 1 for an encoder with branches"):
        gather(work, 2, 2)


@pytest.mark.parametrize("together", [2, 4, 8])
def test_nothing_but_encoder_runs_is_saved(together: int) -> None:
    work = work_of()
    gathered = gather(work, together, 2)
    before, after = (Counter(job.name for job in each.jobs) for each in (work, gathered))
    for name in ("frontend", "joint", "search", "prediction"):
        assert after[name] == before[name]
    assert after["encoder.0"] == after["encoder.1"] == gathered.steps == -(-22 // together)
    assert gathered.step_ms == 30 * together
    assert gathered.endpoint_ms >= work.endpoint_ms


@pytest.mark.parametrize("together", [2, 4, 8])
def test_no_run_starts_before_its_sound_is_there(together: int) -> None:
    work = work_of()
    gathered = gather(work, together, 2)
    for job in gathered.jobs:
        if job.name.startswith("encoder."):
            assert job.release_ms == step_end_ms((job.step + 1) * together - 1)
            assert job.invocation == job.step
    releases = [job.release_ms for job in gathered.jobs if job.engine == "npu"]
    assert releases == sorted(releases)
    assert max(releases) <= gathered.endpoint_ms
    assert gathered.jobs[0].name == "prediction"
    assert gathered.jobs[0].release_ms == 0


def test_part_of_an_output_cannot_be_gathered() -> None:
    for together in (0, 3, 128):
        with pytest.raises(InputError, match=r"frames_per_step = \d+: must be 1, or a multiple"):
            gather(work_of(), together, 2)
