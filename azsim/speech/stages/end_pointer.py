"""The end-pointer's decisions on a core: the final words wait for the last one, and it for both networks.

Work downstream hears them from here, when the core is through: ``told`` and ``reset``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from azsim.compress.network import CompressedNetwork
from azsim.speech.endpointing.listening import SENTENCE_END, VOICE_ACTIVITY
from azsim.speech.stage import Configured, Event, Listening, Output, Piece, Stage, StageJob, Turn
from azsim.speech.stage_registry import stage

RECOGNISER = "recogniser"
TASK = "search"
"""Of the device file: a decision costs a core what a hypothesis costs it that is extended; `assumed`."""
DECISIONS = {"speculative": "told", "resume": "reset", "final": ""}
"""What the recogniser's log calls a decision -> what work downstream is told."""


@stage("end-pointer")
class EndPointerStage(Stage, frozen=True):
    """It has no options; the limits are the experiment's ``[endpoint]``."""

    hears = (RECOGNISER, VOICE_ACTIVITY, SENTENCE_END)
    for_words = True

    def listener(self, configured: Configured, network: CompressedNetwork | None) -> Callable[[Turn], Listening]:
        """One that follows the recogniser's events."""
        return lambda turn: _Listening()


class _Listening:
    def hear(self, piece: Piece) -> Output:
        """A job for every event that is told, behind all that it was decided by."""
        jobs: list[StageJob] = []
        told: list[Event] = []
        for event in piece.events:
            if event.stage == RECOGNISER and event.kind in DECISIONS and event.job is not None:
                others = [_latest(piece.jobs.get(name, ()), event.time_ms) for name in (VOICE_ACTIVITY, SENTENCE_END)]
                after = (event.job, *(job for job in others if job is not None), *jobs[-1:])
                jobs.append(StageJob("cpu", TASK, event.time_ms, after=after))
                if kind := DECISIONS[event.kind]:
                    told.append(Event(event.time_ms, kind, event.value, jobs[-1]))
        return Output(events=tuple(told), jobs=tuple(jobs))


def _latest(jobs: Sequence[StageJob], time_ms: int) -> StageJob | None:
    """The last of a stage's jobs that is released by a time."""
    count = bisect_right(jobs, time_ms, key=lambda job: job.release_ms)
    return jobs[count - 1] if count else None
