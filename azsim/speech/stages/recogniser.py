"""The recogniser: words, and the end-point that ends the utterance, from the RNN-T that the experiment names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

from msgspec import Meta

from azsim.compress.network import CompressedNetwork
from azsim.speech.bounds import UNKNOWN
from azsim.speech.conclusion import no_jobs
from azsim.speech.endpoint import MOST_SILENCE_MS, SILENCE_MS
from azsim.speech.features import STEP_MS
from azsim.speech.jobs import recogniser_jobs
from azsim.speech.recogniser import Listener, Recogniser
from azsim.speech.search.choice import GREEDY, SearchChoice
from azsim.speech.stage import Configured, Event, Listening, Output, Piece, Stage, StageJob, Turn
from azsim.speech.stage_registry import stage

FRONT_END = "front-end"


@stage("recogniser")
class RecogniserStage(Stage, frozen=True):
    """Options of the recogniser.

    Attributes:
        silence_ms: without a new label, after which the end-point fires.
        search: how labels are searched for.
    """

    silence_ms: Annotated[int, Meta(ge=STEP_MS, le=MOST_SILENCE_MS)] = SILENCE_MS
    search: SearchChoice = GREEDY
    hears = (FRONT_END,)

    def network(self, configured: Configured) -> CompressedNetwork:
        """The one that the configuration compresses."""
        return configured.recogniser

    def listener(self, configured: Configured, network: CompressedNetwork) -> Callable[[Turn], Listening]:
        """One that searches as the frames come."""
        return partial(_Listening, Recogniser(network, self.search.maker(), self.silence_ms, self.search))


class _Listening:
    def __init__(self, recogniser: Recogniser, turn: Turn) -> None:
        self._recogniser = recogniser
        self._listener = Listener(recogniser, turn.utterance, turn.record_inputs, turn.wake_end_ms, turn.picker)
        self._recording = 0

    def hear(self, piece: Piece) -> Output:
        """Take the frames; when the recording and enough of the room after it were heard, conclude."""
        self._listener.feed(piece.frames)
        if not piece.ended:
            self._recording += len(piece.frames)
            return Output()
        if missing := self._listener.missing_frames(self._recording):
            return Output(more_frames=missing)
        jobs: list[StageJob] = []

        def keep(steps: int, label_steps: Sequence[int]) -> tuple[()]:
            listener, model = self._listener, self._recogniser.model
            jobs.extend(
                recogniser_jobs(
                    steps,
                    label_steps,
                    self._recogniser.programs,
                    model.reduction,
                    listener.wake_steps,
                    listener.picked,
                    piece.jobs.get(FRONT_END, ()),
                    listener.turns,
                )
            )
            return no_jobs(steps, label_steps)

        found = self._listener.conclude(0, UNKNOWN, keep)
        work = replace(found.work, inputs=self._listener.inputs_of(jobs))
        final = Event(work.endpoint_ms, "final", found.transcript.text, jobs[-1])
        return Output(events=(final,), jobs=tuple(jobs), conclusion=replace(found, work=work))
