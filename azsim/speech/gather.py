"""The same utterance with several steps gathered into one run of the encoder: less weight traffic, more delay.

::

    step            0  1  2  3 | 4  5  6  7 |          30 ms each
    front end       f  f  f  f | f  f  f  f |
    encoder.0                 e|           e|          four frames, input-side weights fetched once
    joint, search             jsjs         js          for each output of the run, in order
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from azsim.errors import InputError
from azsim.nn.rnnt.programs import SMALL
from azsim.speech.endpoint import step_end_ms
from azsim.speech.rejoin import recognisers, rejoined
from azsim.speech.work import Job, Work, chained

MOST_STEPS = 64


def gather(work: Work, together: int, time_reduction: int = 1) -> Work:
    """The work with ``together`` encoder steps in a run, which are the new work's steps.

    Words and labels stay; they come later. A run starts when the sound of its last step is there, also if the
    end-point falls into it: the rule reads the outputs of the run, so it fires at the run's release at the earliest.
    The last run is a whole one, whose last steps may lie behind the end-point.

    Args:
        work: of single steps.
        together: 1, or a multiple of ``time_reduction``.
        time_reduction: steps per encoder output.

    Raises:
        InputError: ``together`` does not fit, the encoder has branches, which are picked step by step, or the
            recogniser waits for another stage.
    """
    check_together(together, time_reduction)
    if together == 1:
        return work
    own_work = recognisers(work)
    if any(job.name == "arbiter" or job.name.endswith(SMALL) for job in own_work.jobs):
        raise InputError(f"frames_per_step = {together}: must be 1 for an encoder with branches")
    runs = -(-work.steps // together)
    jobs: list[Job] = []
    by_run: list[list[Job]] = [[] for _ in range(runs)]
    for job in own_work.jobs:
        by_run[job.step // together].append(job)
    for run, own in enumerate(by_run):
        release_ms = step_end_ms((run + 1) * together - 1)
        jobs += _run(own, run, release_ms)
    gathered = replace(
        own_work,
        endpoint_ms=max(work.endpoint_ms, step_end_ms(runs * together - 1)),
        first_label_step=_run_of(work.first_label_step, together),
        last_label_step=_run_of(work.last_label_step, together),
        steps=runs,
        wake_steps=-(-work.wake_steps // together),
        step_ms=together * work.step_ms,
        jobs=chained(jobs),
    )
    return rejoined(work, gathered, together)


def check_together(together: int, time_reduction: int) -> None:
    """Refuse a number of steps that would leave part of an encoder output over.

    Raises:
        InputError: it is not 1 nor a multiple of ``time_reduction``, or above `MOST_STEPS`.
    """
    if together < 1 or together > MOST_STEPS or (together > 1 and together % time_reduction):
        raise InputError(
            f"frames_per_step = {together}: must be 1, or a multiple of the network's time reduction "
            f"({time_reduction}) up to {MOST_STEPS}"
        )


def _run(own: Sequence[Job], run: int, release_ms: int) -> list[Job]:
    """Front ends as the sound comes, each encoder program once, then what follows from its outputs, in order."""
    front_ends = [replace(job, step=run) for job in own if job.name == "frontend"]
    encoders = {job.name: replace(job, step=run, invocation=run) for job in own if job.name.startswith("encoder.")}
    rest = [job for job in own if job.name != "frontend" and job.name not in encoders]
    first = [replace(job, step=run) for job in rest if job.release_ms == 0]
    later = [replace(job, step=run, release_ms=release_ms) for job in rest if job.release_ms > 0]
    timed = [replace(job, release_ms=max(release_ms, job.release_ms)) for job in encoders.values()]
    return [*first, *front_ends, *timed, *later]


def _run_of(step: int, together: int) -> int:
    return step // together if step >= 0 else -1
