"""The work of one network with the steps and labels of another: timing of a network that was never trained."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from azsim.nn.rnnt.programs import SMALL
from azsim.speech.jobs import StepTurn, job_chain, picked_of, turns_of
from azsim.speech.rejoin import recognisers, rejoined
from azsim.speech.work import Work


def replay(work: Work, label_steps: tuple[int, ...], programs: Collection[str], time_reduction: int = 1) -> Work:
    """The same utterance on a network with other programs.

    Steps, labels, turns of a beam, branches and the end-point stay; only what runs at each step changes. No activations
    are known, so skip modes that need them cannot be used with the result.

    Args:
        work: of the utterance on the network that recognised it.
        label_steps: 30 ms step of each label (``Transcript.label_steps``).
        programs: names of the other network's programs.
        time_reduction: its steps per encoder output; 1 if it has no ``encoder.1``.

    Raises:
        InputError: the recogniser waits for another stage.
    """
    own = recognisers(work)
    picked = picked_of(own.jobs) if f"encoder.0{SMALL}" in programs else None
    more = next((job.more_cycles // job.units for job in own.jobs if job.name == "frontend"), 0)
    turns = _turns(own, time_reduction)
    jobs = job_chain(work.steps, label_steps, programs, time_reduction, work.wake_steps, picked, more, turns)
    return rejoined(work, replace(own, jobs=jobs, inputs={}))


def _turns(work: Work, every: int) -> list[StepTurn] | None:
    """The turns of a beam, with one more at each output that only the other network has; None for a greedy search."""
    turns = turns_of(work.jobs)
    if all(turn.joint == 1 for turn in turns):
        return None
    there = {turn.step for turn in turns}
    added = [StepTurn(step, 1, 0) for step in range(every - 1, work.steps, every) if step not in there]
    return sorted([*turns, *added], key=lambda turn: turn.step)
