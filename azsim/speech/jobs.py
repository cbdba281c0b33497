"""The chain of jobs that an utterance asks of a device, from its steps and the steps of its labels.

::

    step k:  frontend ( ── arbiter) ── encoder.0 ──(every R-th)── encoder.1 ── joint ── search ──(label)── prediction ─┐
                                                                  ^                                      │
                                                                  └──────────────────────────────────────┘
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from azsim.nn.rnnt.programs import SMALL
from azsim.speech.endpoint import step_end_ms
from azsim.speech.features import STACKED_FRAMES
from azsim.speech.search.search import MAX_LABELS_PER_OUTPUT
from azsim.speech.work import Engine, Job, chained


def picked_of(jobs: Sequence[Job]) -> list[bool]:
    """Whether each step of a chain took the large branch; True at every step of an encoder without branches."""
    return [not job.name.endswith(SMALL) for job in jobs if job.name in ("encoder.0", f"encoder.0{SMALL}")]


def job_chain(
    steps: int,
    label_steps: Sequence[int],
    programs: Collection[str],
    time_reduction: int,
    wake_steps: int = 0,
    picked: Sequence[bool] | None = None,
    cycles_per_frame: int = 0,
) -> tuple[Job, ...]:
    """Every job of an utterance in order of the chain.

    The prediction network runs once before the first step, for the start of the utterance. After the fourth label
    of one encoder output the search goes on without asking the joint again. Before the device has found a wake word it
    does not know that there is one: its steps wait in a buffer, and the encoder hears them when it has ended.

    Args:
        steps: encoder steps to run.
        label_steps: step of each label, in order; those at or beyond ``steps`` are left out.
        programs: names of the network's programs; without ``encoder.1`` the joint runs at every step.
        time_reduction: steps per encoder output, if there is an ``encoder.1``.
        wake_steps: the first steps, those of a wake word, after which the search begins.
        picked: of an encoder with branches: whether each step takes the large one.
        cycles_per_frame: of the front end, beyond what the device says of it.
    """
    every = time_reduction if "encoder.1" in programs else 1
    labels_at = [0] * steps
    for step in label_steps:
        if step < steps:
            labels_at[step] += 1
    jobs: list[Job] = []
    invocations = dict.fromkeys(programs, 0)

    def run(name: str, step: int, release_ms: int) -> None:
        jobs.append(Job("npu", name, step, release_ms, 1, invocations[name]))
        invocations[name] += 1

    def routine(name: str, step: int, release_ms: int, units: int, more_cycles: int = 0) -> None:
        engine: Engine = "cpu"
        jobs.append(Job(engine, name, step, release_ms, units, more_cycles=more_cycles))

    run("prediction", 0, 0)
    for step in range(steps):
        release_ms = step_end_ms(step)
        routine("frontend", step, release_ms, STACKED_FRAMES, cycles_per_frame * STACKED_FRAMES)
        if step < wake_steps:
            release_ms = step_end_ms(wake_steps - 1)
        if "arbiter" in programs and picked is not None:
            run("arbiter", step, release_ms)
        branch = SMALL if picked is not None and not picked[step] else ""
        run(f"encoder.0{branch}", step, release_ms)
        if (step + 1) % every:
            continue
        if "encoder.1" in programs:
            run(f"encoder.1{branch}", step, release_ms)
        if step < wake_steps:
            continue
        for k in range(min(labels_at[step] + 1, MAX_LABELS_PER_OUTPUT)):
            run("joint", step, release_ms)
            routine("search", step, release_ms, 1)
            if k < labels_at[step]:
                run("prediction", step, release_ms)
    return chained(jobs)
