"""Who speaks: a network hears the steps with speech, and its voice is held against those of people who enrolled.

::

    frames ──cpu: gate──> steps with speech ──npu: a run each──> a window's embedding ──cpu: cosines──> who
                                                                                  settled: no more runs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_network
from azsim.errors import InputError
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.listening import Laid, integers_of
from azsim.speech.speaker.embedder import EMBEDDING, Embedder, in_integers
from azsim.speech.speaker.enrolment import profiles_of
from azsim.speech.speaker.verifier import Match, MatchLimits, Profiles, match
from azsim.speech.stage import Configured, Event, Listening, Output, Piece, Stage, StageJob, Turn
from azsim.speech.stage_registry import stage
from azsim.speech.stages.voice_activity import as_stored

KIND, FRONT_END = "speaker", "front-end"


@stage(KIND)
class SpeakerStage(Stage, frozen=True):
    """Options of the speaker's recognition.

    Attributes:
        speakers: folder with a folder of recordings for each person; relative to the experiment file.
        model: a name under ``models/``, or a path; its file states the limits of the scores.
        cascade: stop the network once a match is settled.
    """

    speakers: str = ""
    model: str = KIND
    cascade: bool = True
    hears = (FRONT_END,)
    folders: ClassVar[tuple[str, ...]] = ("speakers",)

    def network(self, configured: Configured) -> CompressedNetwork:
        """As it is stored.

        Raises:
            InputError: no folder is named, or the network is another one.
        """
        if not self.speakers:
            raise InputError("speakers: missing; must be a folder that holds a folder of recordings for each person")
        small = as_stored(self.model, configured)
        if EMBEDDING not in small.network.graph.outputs:
            raise InputError(f"model = {self.model!r}: gives no {EMBEDDING}; `azsim train speaker` makes one that does")
        return small

    def listener(self, configured: Configured, network: CompressedNetwork) -> Callable[[Turn], Listening]:
        """One that tells who speaks; the people enrol here, by the same integers.

        Raises:
            InputError: somebody cannot enrol (`azsim.speech.speaker.enrolment`).
        """
        laid = integers_of(network)
        limits = MatchLimits.of_card(load_network(self.model).card, self.model)
        profiles = profiles_of(Path(self.speakers), partial(in_integers, *laid), limits)
        every = {name: int(program.period_steps) for name, program in network.network.programs().items()}
        return lambda turn: _Listening(laid, profiles, limits, every, self.cascade)


class _Listening:
    def __init__(
        self, laid: Laid, profiles: Profiles, limits: MatchLimits, every: Mapping[str, int], cascade: bool
    ) -> None:
        model, integers = laid
        self._embedder = Embedder(in_integers(model, integers))
        self._profiles, self._limits, self._every, self._cascade = profiles, limits, every, cascade
        self._last: StageJob | None = None
        self._match: Match | None = None
        self._asked = self._told = 0

    def hear(self, piece: Piece) -> Output:
        """A run for each step with speech, and who it is after each window, until that is settled."""
        if self._match is not None and self._match.is_settled:
            return Output()
        self._embedder.feed(piece.frames)
        jobs, events, front_ends = list[StageJob](), list[Event](), piece.jobs.get(FRONT_END, ())
        for step in self._embedder.spoken[self._asked :]:
            self._asked += 1
            before = (*(() if self._last is None else (self._last,)), *front_ends[step : step + 1])
            for program, every in self._every.items():
                if self._asked % every == 0:
                    self._last = StageJob("npu", program, step_end_ms(step), after=before, step=step)
                    jobs.append(self._last)
                    before = (self._last,)
            if self._told < len(self._embedder.ends) and self._embedder.ends[self._told] == step:
                self._told += 1
                events.append(self._tell(step, before, jobs))
                if self._match is not None and self._match.is_settled:
                    break
        return Output(events=tuple(events), jobs=tuple(jobs))

    def _tell(self, step: int, before: tuple[StageJob, ...], jobs: list[StageJob]) -> Event:
        windows = self._embedder.windows[: self._told]
        self._match = match(windows, self._profiles, self._limits, self._cascade)
        asked = StageJob("cpu", KIND, step_end_ms(step), units=len(self._profiles.names), after=before)
        jobs.append(asked)
        value = {"name": self._match.name, "score": round(self._match.score, 4), "settled": self._match.is_settled}
        return Event(step_end_ms(step), KIND, value, asked)


