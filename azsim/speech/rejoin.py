"""Other jobs in the place of the recogniser's, and the jobs and events of all other stages behind them as before.

::

    before:  front end ──> encoder.0, joint, search of step 7 ──> tagger
    after:   front end ──> encoder.0 of run 3 (steps 6, 7) ... search ──> tagger

What waited for a job of the recogniser waits for its last job up to the same step; what waited for a front end waits
for the same front end. Work on a core that the words wait for and that itself waits for other stages (the end-pointer's
decisions) is no part of the chain: it stays as the stages' jobs do.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from azsim.errors import InputError
from azsim.speech.jobs import merged
from azsim.speech.stage import StageJob
from azsim.speech.work import FRONT_END, RECOGNISER, Job, Work


def recognisers(work: Work) -> Work:
    """The work with the recogniser's own jobs alone, its front end among them.

    Raises:
        InputError: one of them waits for another stage, so that it cannot be told what would come in its place.
    """
    decided = _decided_with_others(work)
    own = [place for place, job in enumerate(work.jobs) if job.stage == RECOGNISER and place not in decided]
    if len(own) == len(work.jobs):
        return work
    for place in sorted(decided):
        job = work.jobs[place]
        if job.engine == "npu" or job.name == FRONT_END:
            other = next(work.jobs[each].stage for each in job.after if each not in own)
            raise InputError(
                f"{work.utterance}: the recogniser waits for stage {other!r}: its jobs cannot be replaced; "
                "frames_per_step must be 1, and there is no production-size network"
            )
    places = {place: number for number, place in enumerate(own)}
    jobs = [replace(work.jobs[place], after=tuple(places[each] for each in work.jobs[place].after)) for place in own]
    return replace(work, jobs=tuple(jobs), events=())


def _decided_with_others(work: Work) -> frozenset[int]:
    """Places of the recogniser's jobs that wait, by whatever way, for another stage."""
    found: set[int] = set()
    for place, job in enumerate(work.jobs):
        waits = any(work.jobs[each].stage != RECOGNISER or each in found for each in job.after)
        if job.stage == RECOGNISER and waits:
            found.add(place)
    return frozenset(found)


def rejoined(before: Work, after: Work, together: int = 1) -> Work:
    """``after``, which has the recogniser's jobs alone, with all that other stages did in ``before``.

    Args:
        before: the work of all stages.
        after: the same utterance with other jobs of the recogniser, or gathered ones.
        together: steps of ``before`` in one of ``after``.
    """
    if not before.events and all(job.stage == RECOGNISER for job in before.jobs):
        return after
    made: list[StageJob] = []
    for job in after.jobs:
        made.append(_asked(job, [made[place] for place in job.after]))
    front_ends = [one for one in made if one.name == FRONT_END]
    chain = [one for one in made if one.name != FRONT_END]
    steps = [one.step for one in chain]
    stands_for: dict[int, StageJob | None] = {}
    others: dict[str, list[StageJob]] = {}
    heard, decided = 0, _decided_with_others(before)
    for place, job in enumerate(before.jobs):
        if job.stage != RECOGNISER or place in decided:
            waited = [stands_for[each] for each in job.after]
            stands_for[place] = _asked(job, [one for one in waited if one is not None], job.step // together)
            others.setdefault(job.stage, []).append(stands_for[place])
        elif job.name == FRONT_END:
            stands_for[place] = front_ends[heard] if heard < len(front_ends) else None
            heard += 1
        else:
            last = bisect_right(steps, job.step // together)
            stands_for[place] = chain[last - 1] if last else None
    priorities = {job.stage: job.priority for job in before.jobs if job.stage != RECOGNISER}
    jobs, places = merged([(RECOGNISER, made), *_in_order(others, before, decided)], priorities=priorities)
    events = tuple(
        event if event.job < 0 else replace(event, job=places.get(stands_for[event.job], -1)) for event in before.events
    )
    return replace(after, jobs=jobs, events=events)


def _in_order(
    others: Mapping[str, list[StageJob]], before: Work, decided: Collection[int]
) -> list[tuple[str, list[StageJob]]]:
    """The stages, those that the decisions wait for before them and all others behind."""
    awaited = {before.jobs[each].stage for place in decided for each in before.jobs[place].after}
    first = [(stage, jobs) for stage, jobs in others.items() if stage in awaited and stage != RECOGNISER]
    own = [(stage, jobs) for stage, jobs in others.items() if stage == RECOGNISER]
    return [*first, *own, *((stage, jobs) for stage, jobs in others.items() if stage not in {*awaited, RECOGNISER})]


def _asked(job: Job, after: Sequence[StageJob], step: int | None = None) -> StageJob:
    return StageJob(
        job.engine,
        job.name,
        job.release_ms,
        job.units,
        tuple(after),
        job.step if step is None else step,
        job.invocation,
        job.more_cycles,
    )
