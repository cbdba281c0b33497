"""The stages of one configuration over an utterance: each hears what those before it made, and their jobs are merged.

::

    frames ──> front end ──> recogniser ──> understanding ──> ...     in pieces of any size
       ^                          │ more_frames                       events ──> log ┐
       └── room without speech <──┘                                   jobs ──> merged ┴──> Work
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

import msgspec
import numpy as np

from azsim.compress.network import CompressedNetwork
from azsim.errors import InputError, located
from azsim.speech.bounds import SpeechBounds, estimate_bounds
from azsim.speech.conclusion import Recognition
from azsim.speech.context.choice import CONTEXT, ContextChoice
from azsim.speech.endpoint import SILENCE_MS
from azsim.speech.endpointing.decision import EndPointing
from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS, SAMPLE_RATE_HZ
from azsim.speech.jobs import merged
from azsim.speech.room_tone import room_tone
from azsim.speech.search.choice import GREEDY, SearchChoice
from azsim.speech.stage import Configured, Event, Listening, Output, Piece, Stage, StageJob, Turn
from azsim.speech.stage_registry import in_order, stage_of
from azsim.speech.stages.context import ContextStage
from azsim.speech.stages.recogniser import RecogniserStage
from azsim.speech.work import RECOGNISER, LogEntry

ALWAYS_THERE = ("front-end", "recogniser")
ENDINGS = ("voice-activity", "sentence-end", "end-pointer")
"""Stages of an end-pointer."""
PIECE_FRAMES = 1_000
"""Of a long recording that are heard at a time, so that what is kept in between does not grow with its length."""
MOST_ROOM_FRAMES = 60_000
"""Of the room after a recording: ten minutes; a stage that asks for more does not end."""


def with_those_always_there(
    stages: Sequence[Stage],
    silence_ms: int = SILENCE_MS,
    search: SearchChoice = GREEDY,
    endpoint: EndPointing | None = None,
    context: ContextChoice | None = None,
) -> tuple[Stage, ...]:
    """The stages in their order, with front end and recogniser where they are not among them.

    Args:
        stages: as the experiment has them.
        silence_ms, search: of the recogniser's fixed end-point, and how it searches, where it is not among them.
        endpoint: limits of the end-pointer, whose stages are there too; None for the fixed rule.
        context: a user's names, whose stage is there too; None without.

    Raises:
        InputError: two of one name, or front end or recogniser are off.
    """
    endings = () if endpoint is None else ENDINGS
    for one in stages:
        if one.kind in ALWAYS_THERE and one.title != one.kind:
            raise InputError(f"stage {one.title!r}: name: the stage of kind {one.kind!r} has no other name")
        if one.kind not in ALWAYS_THERE and one.title in (*ALWAYS_THERE, "reload"):
            raise InputError(f"stage {one.title!r}: name: must be another; the device has that one")
    kinds = {one.kind for one in stages}
    own: dict[str, dict[str, object]] = {"recogniser": {"silence_ms": silence_ms}}
    own["recogniser"]["search"] = msgspec.to_builtins(search)
    if context is not None:
        own[CONTEXT] = {"chosen": msgspec.to_builtins(context)}
    wanted = (*ALWAYS_THERE, *endings, *((CONTEXT,) if context is not None else ()))
    added = [stage_of({"kind": kind, **own.get(kind, {})}, kind) for kind in wanted if kind not in kinds]
    chosen = [
        _told(one, endpoint, context) for one in [*added, *stages]
    ]
    ordered = in_order(chosen)
    if missing := [kind for kind in ALWAYS_THERE if kind not in {one.kind for one in ordered}]:
        raise InputError(f"stage {missing[0]!r}: on = false: nothing is recognised without it")
    return ordered


def _told(one: Stage, endpoint: EndPointing | None, context: ContextChoice | None) -> Stage:
    """The stage with what the experiment says for it, where its own table does not."""
    if isinstance(one, RecogniserStage):
        return msgspec.structs.replace(one, endpoint=one.endpoint or endpoint, context=one.context or context)
    if isinstance(one, ContextStage):
        return msgspec.structs.replace(one, chosen=one.chosen or context)
    return one


class Pipeline:
    """The stages of one configuration, ready to listen.

    Args:
        stages: in their order (`with_those_always_there`).
        configured: the compression configuration.

    Attributes:
        stages: as given.
        networks: name of a stage -> its own network.

    Raises:
        InputError: a stage's network is wrong.
    """

    def __init__(self, stages: Sequence[Stage], configured: Configured) -> None:
        self.stages = tuple(stages)
        self.networks: dict[str, CompressedNetwork] = {}
        self._configured: dict[str, Configured] = {}
        number = 0
        for stage in self.stages:
            number += stage.kind not in ALWAYS_THERE
            own = self._configured[stage.title] = replace(configured, seed=configured.seed + number)
            with located(f"stage {stage.title!r}"):
                network = stage.network(own)
            if network is not None:
                self.networks[stage.title] = network

    @cached_property
    def _makers(self) -> list[tuple[Stage, Callable[[Turn], Listening]]]:
        """The stages that hear something, each with what makes its listening."""
        made = []
        for stage in self.stages:
            with located(f"stage {stage.title!r}"):
                configured = replace(self._configured[stage.title], networks=self.networks)
                maker = stage.listener(configured, self.networks.get(stage.title))
            if maker is not None:
                made.append((stage, maker))
        return made

    def recognise(
        self,
        frames: np.ndarray,
        turn: Turn,
        bounds: SpeechBounds | None = None,
        audio_ms: int | None = None,
        sound: np.ndarray | None = None,
    ) -> Recognition:
        """A whole recording.

        Args:
            frames: log-mel, ``(n, 64)``.
            turn: the utterance.
            bounds: of the speech; by default they are estimated, and marked so.
            audio_ms: length of the recording; by default that of its frames.
            sound: its samples, where a stage hears them.

        Raises:
            InputError: there is not one whole frame.
            CodecError: a bitstream is damaged.
        """
        if not len(frames):
            raise InputError(f"{turn.utterance}: no whole frame; at least {FRAME_LENGTH_MS} ms of sound are needed")
        if audio_ms is None:
            audio_ms = (len(frames) - 1) * FRAME_SHIFT_MS + FRAME_LENGTH_MS
        listening = self.listen(turn)
        for start in range(0, len(frames), PIECE_FRAMES):
            listening.feed(frames[start : start + PIECE_FRAMES], _samples_of(sound, start, PIECE_FRAMES))
        return listening.finish(frames, audio_ms, bounds or estimate_bounds(frames))

    def listen(self, turn: Turn) -> PipelineListening:
        """An utterance that comes in pieces."""
        return PipelineListening([(stage, maker(turn)) for stage, maker in self._makers])


def _samples_of(sound: np.ndarray | None, first: int, frames: int) -> np.ndarray | None:
    """The samples that some frames bring along."""
    each = SAMPLE_RATE_HZ * FRAME_SHIFT_MS // 1000
    return None if sound is None else sound[first * each : (first + frames) * each]


class PipelineListening:
    """One utterance; `Pipeline.listen` makes it.

    Attributes:
        events: what was found so far, in the order in which it was yielded.
    """

    def __init__(self, stages: Sequence[tuple[Stage, Listening]]) -> None:
        self._stages = list(stages)
        self._jobs: dict[str, list[StageJob]] = {stage.title: [] for stage, _ in self._stages}
        self._heard = [0] * len(self._stages)
        self._frames = 0
        self._conclusion: Recognition | None = None
        self.events: list[Event] = []

    def feed(self, frames: np.ndarray, sound: np.ndarray | None = None, ended: bool = False) -> int:
        """Let every stage hear the next log-mel frames, ``(n, 64)``.

        Returns:
            Frames of the room after the recording that a stage still has to hear, 0 if none.
        """
        first, self._frames = self._frames, self._frames + len(frames)
        missing, streams = 0, {}
        for index, (stage, listening) in enumerate(self._stages):
            before, self._heard[index] = self._heard[index], len(self.events)
            own = tuple(event for event in self.events[before:] if event.stage != stage.title)
            output: Output = listening.hear(Piece(frames, first, ended, sound, own, streams, self._jobs))
            self._jobs[stage.title] += output.jobs
            self.events += [replace(event, stage=stage.title) for event in output.events]
            streams |= output.streams
            missing = max(missing, output.more_frames)
            self._conclusion = output.conclusion or self._conclusion
        return missing

    def finish(self, recording: np.ndarray, audio_ms: int, bounds: SpeechBounds) -> Recognition:
        """End the recording, let the stages hear the room after it for as long as they ask, and conclude.

        Args:
            recording: its log-mel, ``(n, 64)``: what its room sounds like.
            audio_ms: its length.
            bounds: of its speech.

        Raises:
            ValueError: no stage concludes.
        """
        heard, missing = 0, 0
        while True:
            room = room_tone(recording, heard + missing)[heard:]
            missing, heard = self.feed(room, ended=True), heard + len(room)
            if not missing:
                break
            if heard > MOST_ROOM_FRAMES:
                raise ValueError(f"a stage asks for {missing} frames more after {heard} of the room")
        if self._conclusion is None:
            raise ValueError("no stage concludes")
        head = self._conclusion.work
        asked = [(RECOGNISER if stage.for_words else stage.title, self._jobs[stage.title]) for stage, _ in self._stages]
        priorities = {stage.title: stage.priority for stage, _ in self._stages if not stage.for_words}
        priorities.pop(RECOGNISER, None)
        jobs, places = merged(asked, head.endpoint_ms, priorities)
        log = [
            LogEntry(one.time_ms, one.stage, one.kind, one.value, -1 if one.job is None else places[one.job])
            for one in sorted(self.events, key=lambda one: one.time_ms)
            if one.time_ms <= head.endpoint_ms and (one.job is None or one.job in places)
        ]
        work = replace(
            head,
            audio_ms=audio_ms,
            speech_end_ms=bounds.end_ms,
            speech_end_estimated=bounds.estimated,
            jobs=jobs,
            events=tuple(log),
        )
        return replace(self._conclusion, work=work)
