"""The recogniser: words, and the end-point that ends the utterance, from the RNN-T that the experiment names."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

from msgspec import Meta

from azsim.compress.network import CompressedNetwork
from azsim.errors import InputError
from azsim.speech.bounds import UNKNOWN
from azsim.speech.conclusion import Recognition, no_jobs
from azsim.speech.context.attention import AttentionNetwork
from azsim.speech.context.choice import CONTEXT, ContextChoice
from azsim.speech.endpoint import MOST_SILENCE_MS, SILENCE_MS, step_end_ms
from azsim.speech.endpointing.decision import EndPointing
from azsim.speech.endpointing.listening import (
    SENTENCE_END,
    VOICE_ACTIVITY,
    EndPointer,
    EndPointNetworks,
    integers_of,
)
from azsim.speech.features import STEP_MS
from azsim.speech.jobs import ContextJobs, recogniser_jobs
from azsim.speech.listener import Listener
from azsim.speech.recogniser import Recogniser
from azsim.speech.search.choice import GREEDY, SearchChoice
from azsim.speech.stage import Configured, Event, Listening, Output, Piece, Stage, StageJob, Turn
from azsim.speech.stage_registry import stage

FRONT_END = "front-end"


@stage("recogniser")
class RecogniserStage(Stage, frozen=True):
    """Options of the recogniser.

    Attributes:
        silence_ms: of the fixed rule: without a new label, after which the end-point fires.
        search: how labels are searched for.
        endpoint: limits of a speculative and a final decision, in place of that rule; None for what the experiment's
            ``[endpoint]`` says.
        context: names of a user that it is told; None for what the experiment's ``[context]`` says.
    """

    silence_ms: Annotated[int, Meta(ge=STEP_MS, le=MOST_SILENCE_MS)] = SILENCE_MS
    search: SearchChoice = GREEDY
    endpoint: EndPointing | None = None
    context: ContextChoice | None = None
    hears = (FRONT_END,)

    def network(self, configured: Configured) -> CompressedNetwork:
        """The one that the configuration compresses."""
        return configured.recogniser

    def listener(self, configured: Configured, network: CompressedNetwork) -> Callable[[Turn], Listening]:
        """One that searches as the frames come."""
        boosts = None if self.context is None else self.context.boosts(network.network)
        attention = self._attention(configured)
        made = Recogniser(
            network, self.search.maker(boosts), self.silence_ms, self.search, self._ends(configured), attention
        )
        asked = ContextJobs("" if attention is None else CONTEXT, boosts is not None)
        return partial(_Listening, made, asked)

    def _attention(self, configured: Configured) -> AttentionNetwork | None:
        if self.context is None or not self.context.attention:
            return None
        if CONTEXT not in configured.networks:
            raise InputError(f"context: needs the stage {CONTEXT!r}; or let the table say attention = false")
        return configured.networks[CONTEXT].network

    def _ends(self, configured: Configured) -> EndPointer | None:
        if self.endpoint is None:
            return None
        if VOICE_ACTIVITY not in configured.networks:
            raise InputError(f"endpoint: needs the stage {VOICE_ACTIVITY!r}; or let the experiment say kind = 'fixed'")
        sentence = configured.networks.get(SENTENCE_END)
        own = EndPointNetworks(
            integers_of(configured.networks[VOICE_ACTIVITY]), None if sentence is None else integers_of(sentence)
        )
        return EndPointer(own, self.endpoint)


class _Listening:
    def __init__(self, recogniser: Recogniser, context: ContextJobs, turn: Turn) -> None:
        self._recogniser, self._context = recogniser, context
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
                    self._context,
                )
            )
            return no_jobs(steps, label_steps)

        found = self._listener.conclude(0, UNKNOWN, keep)
        work = replace(found.work, inputs=self._listener.inputs_of(jobs))
        events = (*self._partials(found, jobs), *self._ends(found, jobs))
        return Output(events=events, jobs=tuple(jobs), conclusion=replace(found, work=work))

    def _partials(self, found: Recognition, jobs: Sequence[StageJob]) -> Iterator[Event]:
        """The best words whenever they change, until the end; under the fixed rule nobody asks for them."""
        if self._listener.ends is None:
            return
        until, shown = found.work.steps, ""
        for step, text in self._listener.partials():
            if step < until and text != shown:
                shown = text
                yield Event(step_end_ms(step), "partial", text, _last_of(jobs, step))

    def _ends(self, found: Recognition, jobs: Sequence[StageJob]) -> Iterator[Event]:
        """What the end-pointer told; under the fixed rule the final words alone."""
        ends, text = self._listener.ends, self._listener.text_of
        if ends is None:
            yield Event(found.work.endpoint_ms, "final", found.transcript.text, jobs[-1])
            return
        for event in ends.events:
            kind = "final" if event.kind == "commit" else event.kind
            yield Event(event.time_ms, kind, text(event.labels), _last_of(jobs, event.step))


def _last_of(jobs: Sequence[StageJob], step: int) -> StageJob:
    """The recogniser's last job in the steps until one."""
    return jobs[bisect_right(jobs, step, key=lambda job: job.step) - 1]
