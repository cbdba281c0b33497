"""What the speech side hands to the device side: a graph of jobs, with their releases and int8 inputs.

::

    step k (30 ms):  microphone ──> front end (cpu) ──> encoder (npu) ──> joint (npu) ──> search (cpu)
                                                          ^                ^                 │ label
                          recognition of step k-1 ────────┘                └── prediction <──┘

An arrow is a predecessor: a job runs once all of its predecessors have ended and it is released. What is computed does
not depend on when: ``Work`` is made once per utterance and compressed network, and replayed on any device under any
load.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from azsim.errors import InputError

Engine = Literal["cpu", "npu"]
RECOGNISER = "recogniser"
"""The stage whose jobs the final words wait for."""
FRONT_END = "frontend"
"""The CPU task that makes features of sound."""


@dataclass(frozen=True, slots=True)
class Job:
    """One activation of an engine.

    Attributes:
        engine: who runs it.
        name: an NPU program of the network (``encoder.0``, ``encoder.1``, their ``.small`` branches, ``arbiter``,
            ``joint``, ``prediction``), or a CPU routine (``frontend``, ``search``).
        step: index of the 30 ms step it belongs to.
        release_ms: not before this time of the utterance (the microphone has the sound by then).
        units: how much of it: frames for ``frontend``, hypotheses for ``search``; on the NPU inputs that share the
            run's tiles of weights, as the hypotheses of a beam do.
        invocation: NPU only: row of ``Work.inputs`` that holds this run's int8 inputs, the first of ``units`` rows.
        stage: who asked for it; the programs of a stage other than the recogniser are its own network's.
        after: places in ``Work.jobs`` of the jobs that must have ended before, all of them earlier in the list.
        more_cycles: CPU only: beyond what the device says that so many units take.
        priority: NPU only: 0 to 99, or -1: the recogniser's.
    """

    engine: Engine
    name: str
    step: int
    release_ms: int
    units: int = 1
    invocation: int = -1
    stage: str = RECOGNISER
    after: tuple[int, ...] = ()
    more_cycles: int = 0
    priority: int = -1

    @property
    def schedule(self) -> str:
        """NPU only: what the device calls its schedule: the program, with the stage before it if it is another's.

        Behind the program stands how many inputs share the run, if they are several: ``joint*3``.
        """
        name = self.name if self.units == 1 else f"{self.name}*{self.units}"
        return name if self.stage == RECOGNISER else f"{self.stage}/{name}"

    def waiting_for(self, after: tuple[int, ...]) -> Job:
        """The same job after others; spelled out, since every job of every utterance comes through here."""
        return Job(
            self.engine,
            self.name,
            self.step,
            self.release_ms,
            self.units,
            self.invocation,
            self.stage,
            after,
            self.more_cycles,
            self.priority,
        )


@dataclass(frozen=True, slots=True)
class LogEntry:
    """Something that a stage found, in the log of an utterance.

    Attributes:
        time_ms: of the sound: when a device that computes in no time would know it.
        stage: who found it.
        kind: what it is, such as ``final``.
        value: a text, number, mapping; None for a bare flag.
        job: place in ``Work.jobs`` of the job whose end makes it known; -1: known as soon as the sound is there.
    """

    time_ms: int
    stage: str
    kind: str
    value: object = None
    job: int = -1


@dataclass(frozen=True, slots=True)
class Work:
    """Everything the device has to do for one utterance, from the first sample to the end-point.

    Attributes:
        utterance: its name.
        audio_ms: length of the recording; silence follows it until the end-point.
        speech_end_ms: true end of speech; None if it is not known.
        speech_end_estimated: the end was estimated from energy, not known from the corpus.
        endpoint_ms: time of the utterance (of its sound, no processing counted) at which the end-point rule fires; it
            may lie behind the end of the recording.
        last_label_step: step of the last label before the end-point, -1 if none.
        first_label_step: step of the first label, -1 if none.
        steps: encoder steps until the end-point.
        step_ms: period of a step; the deadline of a step's jobs is the next step's release.
        jobs: in an order in which each comes after its predecessors.
        inputs: int8 ``(invocations, columns)`` per weight matrix, empty unless activations were recorded.
        wake_steps: of the steps, the first ones, in which a wake word is heard and nothing written down.
        premature: words were recognised after the end-point, so that they are missing from the result.
        events: what all stages found, in order of time.
    """

    utterance: str
    audio_ms: int
    speech_end_ms: int | None
    speech_end_estimated: bool
    endpoint_ms: int
    first_label_step: int
    last_label_step: int
    steps: int
    step_ms: int
    jobs: tuple[Job, ...]
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    wake_steps: int = 0
    premature: bool = False
    events: tuple[LogEntry, ...] = ()

    @property
    def end_pointing_ms(self) -> int | None:
        """True end of speech to the end-point; None if the end is not known or came later: no wait can be told."""
        if self.speech_end_ms is None or self.endpoint_ms < self.speech_end_ms:
            return None
        return self.endpoint_ms - self.speech_end_ms

    def __post_init__(self) -> None:
        for place, job in enumerate(self.jobs):
            if any(not 0 <= before < place for before in job.after):
                raise InputError(
                    f"{self.utterance}: job {place} ({job.name!r}): after = {job.after}: must name jobs before it"
                )

    def preceded_by(self, job: Job) -> Work:
        """The same work with one job more, which every job of the processor waits for that waited for nothing."""
        later = [
            each.waiting_for(tuple([place + 1 for place in each.after]) or ((0,) if each.engine == "npu" else ()))
            for each in self.jobs
        ]
        events = tuple(replace(each, job=each.job + 1) if each.job >= 0 else each for each in self.events)
        return replace(self, jobs=(job.waiting_for(()), *later), events=events)

    def followed_by(self, jobs: Iterable[Job]) -> Work:
        """The same work with more jobs at its end; their ``after`` names places in the whole list."""
        return replace(self, jobs=(*self.jobs, *jobs))


def chained(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """The jobs of one recogniser, each after the one before it; a front end waits for its release alone.

    The first job that follows front ends waits for them too.
    """
    made: list[Job] = []
    last: tuple[int, ...] = ()
    front_ends: list[int] = []
    for place, job in enumerate(jobs):
        if job.engine == "cpu" and job.name == FRONT_END:
            made.append(job.waiting_for(()))
            front_ends.append(place)
        else:
            made.append(job.waiting_for((*last, *front_ends)))
            last, front_ends = (place,), []
    return tuple(made)
