"""The jobs that an utterance asks of a device: the chain of the recogniser, and the jobs of all stages merged.

::

    step k:  frontend ( ── arbiter) ── encoder.0 ──(every R-th)── encoder.1 ── joint ── search ──(label)── prediction ─┐
                                                                  ^                                      │
                                                                  └──────────────────────────────────────┘
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from azsim.nn.rnnt.programs import SMALL
from azsim.speech.context.names import AUDIO_PROGRAM, BOOSTS_TASK, SAID_PROGRAM
from azsim.speech.endpoint import step_at, step_end_ms
from azsim.speech.features import STACKED_FRAMES
from azsim.speech.search.search import MAX_LABELS_PER_OUTPUT
from azsim.speech.stage import StageJob
from azsim.speech.work import FRONT_END, RECOGNISER, Engine, Job


def picked_of(jobs: Sequence[Job]) -> list[bool]:
    """Whether each step of a chain took the large branch; True at every step of an encoder without branches."""
    return [not job.name.endswith(SMALL) for job in jobs if job.name in ("encoder.0", f"encoder.0{SMALL}")]


@dataclass(frozen=True, slots=True)
class StepTurn:
    """One turn of a search at a step: hypotheses asked of the joint at once, then histories of the prediction."""

    step: int
    joint: int
    prediction: int


@dataclass(frozen=True, slots=True)
class ContextJobs:
    """What a user's names ask of the device.

    Attributes:
        attention: name of the stage whose network attends to them, empty for none.
        boosts: whether hypotheses are boosted, which costs a core time for each.
    """

    attention: str = ""
    boosts: bool = False


def greedy_turns(steps: int, label_steps: Sequence[int], every: int) -> Iterator[StepTurn]:
    """The turns of a greedy search: one at each output, and one more after each label but the fourth of an output.

    Args:
        steps: encoder steps.
        label_steps: step of each label; those at or beyond ``steps`` are left out.
        every: steps per encoder output.
    """
    labels_at = Counter(label_steps)
    for step in range(every - 1, steps, every):
        for k in range(min(labels_at[step] + 1, MAX_LABELS_PER_OUTPUT)):
            yield StepTurn(step, 1, int(k < labels_at[step]))


def turns_of(jobs: Sequence[Job]) -> list[StepTurn]:
    """The turns that a chain of jobs was made of."""
    found: list[StepTurn] = []
    for job in jobs:
        if job.stage == RECOGNISER and job.name == "joint":
            found.append(StepTurn(job.step, job.units, 0))
        elif job.stage == RECOGNISER and job.name == "prediction" and found:
            found[-1] = replace(found[-1], prediction=job.units)
    return found


def front_end_jobs(first: int, last: int, cycles_per_frame: int = 0) -> list[StageJob]:
    """The front end of the steps from ``first`` to before ``last``: each when the microphone has its sound.

    Args:
        cycles_per_frame: beyond what the device says of it.
    """
    more_cycles = cycles_per_frame * STACKED_FRAMES
    return [
        StageJob("cpu", FRONT_END, step_end_ms(step), STACKED_FRAMES, step=step, more_cycles=more_cycles)
        for step in range(first, last)
    ]


def recogniser_jobs(
    steps: int,
    label_steps: Sequence[int],
    programs: Collection[str],
    time_reduction: int,
    wake_steps: int = 0,
    picked: Sequence[bool] | None = None,
    front_end: Sequence[StageJob] = (),
    turns: Sequence[StepTurn] | None = None,
    context: ContextJobs = ContextJobs(),
) -> list[StageJob]:
    """The recogniser's own jobs of an utterance, one after the other; arguments as for `job_chain`.

    Args:
        front_end: the job of each step, which the step's first job waits for.
        context: what a user's names ask for.
    """
    every = time_reduction if "encoder.1" in programs else 1
    at_step: dict[int, list[StepTurn]] = {}
    for turn in greedy_turns(steps, label_steps, every) if turns is None else turns:
        at_step.setdefault(turn.step, []).append(turn)
    jobs: list[StageJob] = []
    invocations = dict.fromkeys(programs, 0)
    heard: tuple[StageJob, ...] = ()

    def add(
        engine: Engine, name: str, step: int, release_ms: int, units: int = 1, invocation: int = -1, owner: str = ""
    ) -> None:
        nonlocal heard
        after = (jobs[-1], *heard) if jobs else heard
        made = StageJob(engine, name, release_ms, units, after=after, step=step, invocation=invocation, owner=owner)
        jobs.append(made)
        heard = ()

    def run(name: str, step: int, release_ms: int, units: int = 1) -> None:
        add("npu", name, step, release_ms, units, invocations[name])
        invocations[name] += units
        if context.attention and name == "prediction":
            add("npu", SAID_PROGRAM, step, release_ms, units, owner=context.attention)

    run("prediction", 0, 0)
    for step in range(steps):
        heard = tuple(front_end[step : step + 1])
        release_ms = step_end_ms(wake_steps - 1 if step < wake_steps else step)
        if "arbiter" in programs and picked is not None:
            run("arbiter", step, release_ms)
        branch = SMALL if picked is not None and not picked[step] else ""
        run(f"encoder.0{branch}", step, release_ms)
        if (step + 1) % every:
            continue
        if "encoder.1" in programs:
            run(f"encoder.1{branch}", step, release_ms)
        if context.attention:
            add("npu", AUDIO_PROGRAM, step, release_ms, owner=context.attention)
        if step < wake_steps:
            continue
        for turn in at_step.get(step, ()):
            run("joint", step, release_ms, turn.joint)
            add("cpu", "search", step, release_ms, turn.joint)
            if context.boosts:
                add("cpu", BOOSTS_TASK, step, release_ms, turn.joint)
            if turn.prediction:
                run("prediction", step, release_ms, turn.prediction)
    return jobs


def job_chain(
    steps: int,
    label_steps: Sequence[int],
    programs: Collection[str],
    time_reduction: int,
    wake_steps: int = 0,
    picked: Sequence[bool] | None = None,
    cycles_per_frame: int = 0,
    turns: Sequence[StepTurn] | None = None,
) -> tuple[Job, ...]:
    """Every job of an utterance that the front end and the recogniser alone hear, in order of the chain.

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
        turns: of the search, those beyond ``steps`` left out; by default a greedy one's.
    """
    heard = front_end_jobs(0, steps, cycles_per_frame)
    own = recogniser_jobs(steps, label_steps, programs, time_reduction, wake_steps, picked, heard, turns)
    return merged([(RECOGNISER, heard), (RECOGNISER, own)])[0]


def merged(
    asked: Sequence[tuple[str, Sequence[StageJob]]], until_ms: int | None = None, priorities: Mapping[str, int] = {}
) -> tuple[tuple[Job, ...], dict[StageJob, int]]:
    """The jobs of several stages as one list, in which each comes after those that it waits for.

    They are in order of step, then of release, then of stage. A job that waits for one which is left out is left out.

    Args:
        asked: name of each stage and its jobs, a stage behind those that it hears.
        until_ms: jobs that are released later are left out; None keeps all.
        priorities: stage -> of its jobs on the processor, the recogniser's where none is given.

    Returns:
        The jobs, and the place of each in them.

    Raises:
        ValueError: a job waits for one that is not in the list, or stands before it.
    """
    keys: dict[StageJob, tuple[int, int, int]] = {}
    seen: set[StageJob] = set()
    stages: dict[StageJob, str] = {}
    for order, (stage, jobs) in enumerate(asked):
        for job in jobs:
            seen.add(job)
            if (until_ms is not None and job.release_ms > until_ms) or any(before not in keys for before in job.after):
                if missing := [before for before in job.after if before not in seen]:
                    raise ValueError(f"stage {stage!r}: {job.name} waits for {missing[0].name}, which is not before it")
                continue
            step = job.step if job.step >= 0 else step_at(job.release_ms)
            key = (step, job.release_ms, order)
            for before in job.after:
                other = keys[before]
                key = (max(key[0], other[0]), max(key[1], other[1]), max(key[2], other[2]))
            keys[job], stages[job] = key, job.owner or stage
    places = {job: place for place, job in enumerate(sorted(keys, key=keys.__getitem__))}
    made = tuple(
        Job(
            job.engine,
            job.name,
            job.step if job.step >= 0 else step_at(job.release_ms),
            job.release_ms,
            job.units,
            job.invocation,
            stages[job],
            tuple([places[before] for before in job.after]),
            job.more_cycles,
            priorities.get(stages[job], -1),
        )
        for job in places
    )
    return made, places
