"""Turn-taking: after a turn, whoever speaks in front of the device is heard and seen, and a small network says to whom.

::

    follow-up:   no wake word; step by step until it is decided, or until the window after the turn has passed
    front end ──┐
    tracks ─────┴─cpu: people as numbers──> network (npu, a run for each step) ──> directed: true or false
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from azsim.arbitration import Client, Traffic
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_network
from azsim.devices.quantities import Period
from azsim.errors import InputError
from azsim.nn.graph.network import GraphNetwork
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.listening import Laid, integers_of
from azsim.speech.features import STEP_MS
from azsim.speech.stage import Configured, Event, Listening, Output, Piece, Stage, StageJob, Turn
from azsim.speech.stage_registry import stage
from azsim.speech.stages.voice_activity import as_stored
from azsim.speech.turn_taking.directed import (
    DIRECTED,
    FRAMES,
    PEOPLE_SEEN,
    POSTERIORS,
    SPEECH,
    DirectedSpeech,
    TurnLimits,
    TurnMeter,
)
from azsim.speech.turn_taking.track_file import load_tracks
from azsim.speech.turn_taking.tracks import FEATURES, PEOPLE, Tracks, steps_of

TURN_TAKING = "turn-taking"
"""The stage, the shipped network, and a task of a core: people and frames of a step as the network takes them."""
FRONT_END = "front-end"
TRACK = "people"
"""Of `Turn.tracks`: float32 ``(steps, 3, 4)``, as `azsim.speech.turn_taking.tracks.steps_of` gives it."""
CAMERA = Client("camera", priority=2)
SEPARATORS = re.compile(r"[/\\:]")
"""Of folders, for which the name of a file has ``_``."""


@stage(TURN_TAKING)
class TurnTakingStage(Stage, frozen=True):
    """Options of turn-taking.

    Attributes:
        model: a name under ``models/``, or a path; its file states the threshold.
        tracks: folder with the tracks of utterances, ``NAME.csv``, relative to the experiment file; where there is
            none, nobody is seen.
        window_ms: after a turn, in which somebody may go on without the wake word.
        camera_frame_bytes: of a picture that is written to the memory every ``camera_period_ms`` and read again by the
            tracker; 0 without a camera on this memory.
    """

    model: str = TURN_TAKING
    tracks: str = ""
    window_ms: Annotated[int, Meta(ge=600, le=60_000)] = 8000
    camera_frame_bytes: Annotated[int, Meta(ge=0, le=1 << 26)] = 0
    camera_period_ms: Period = 33.0
    hears = (FRONT_END,)
    folders: ClassVar[tuple[str, ...]] = ("tracks",)

    @property
    def traffic(self) -> tuple[Traffic, ...]:
        """Pictures on their way into the memory and out of it."""
        if not self.camera_frame_bytes:
            return ()
        period_ps = round(self.camera_period_ms * 1e9)
        return tuple(Traffic(CAMERA, self.camera_frame_bytes, period_ps, write=write) for write in (True, False))

    def network(self, configured: Configured) -> CompressedNetwork:
        """As it is stored: it was trained for the bits that it has there.

        Raises:
            InputError: it has other inputs or outputs.
        """
        network = load_network(self.model)
        graph = network.graph if isinstance(network, GraphNetwork) else None
        if graph is None or set(graph.inputs) != {FRAMES, PEOPLE_SEEN} or graph.outputs != (POSTERIORS,):
            raise InputError(f"model = {self.model!r}: must be a network of `azsim train turn_taking/fused`")
        return as_stored(self.model, configured)

    def listener(self, configured: Configured, network: CompressedNetwork) -> Callable[[Turn], Listening]:
        """One that tells whether the device is spoken to.

        Raises:
            InputError: there is no folder of that name.
        """
        if self.tracks and not Path(self.tracks).is_dir():
            raise InputError(f"tracks = {self.tracks!r}: must be a folder with a file NAME.csv for each utterance")
        limits = TurnLimits.of_card(load_network(self.model).card)
        return partial(_Listening, self, integers_of(network), limits, tuple(network.network.programs()))


class _Listening:
    def __init__(
        self, options: TurnTakingStage, laid: Laid, limits: TurnLimits, programs: Sequence[str], turn: Turn
    ) -> None:
        self._stream = DirectedSpeech(*laid, _seen(options, turn))
        self._meter, self._programs = TurnMeter(limits), programs
        self._runs = 0
        self._most_runs = 0 if turn.wake_end_ms else options.window_ms // STEP_MS
        self._last: StageJob | None = None

    def hear(self, piece: Piece) -> Output:
        """A run for each step until it is decided; nothing after the wake word, which has said it."""
        events, jobs = list[Event](), list[StageJob]()
        if self._runs >= self._most_runs:
            return Output()
        front_ends = piece.jobs.get(FRONT_END, ())
        for posteriors in self._stream.feed(piece.frames):
            step, self._runs = self._runs, self._runs + 1
            jobs += self._run(step, front_ends[step : step + 1])
            found = self._meter.feed(float(posteriors[SPEECH]), float(posteriors[DIRECTED]))
            if found is not None:
                value = {"directed": found.directed, "posterior": round(found.posterior, 4)}
                events.append(Event(found.time_ms, "addressed", value, jobs[-1]))
            if self._runs >= self._most_runs or (found is not None and found.directed):
                self._most_runs = self._runs
                break
        return Output(events=tuple(events), jobs=tuple(jobs))

    def _run(self, step: int, front_end: Sequence[StageJob]) -> list[StageJob]:
        release_ms = step_end_ms(step)
        jobs = [StageJob("cpu", TURN_TAKING, release_ms, after=tuple(front_end), step=step)]
        before = () if self._last is None else (self._last,)
        for program in self._programs:
            jobs.append(StageJob("npu", program, release_ms, after=(*before, jobs[-1]), step=step))
            before = ()
        self._last = jobs[-1]
        return jobs


def _seen(options: TurnTakingStage, turn: Turn) -> Callable[[int, int], np.ndarray]:
    """What gives the people at steps: those that a script handed over, those of a file, or nobody."""
    if TRACK in turn.tracks:
        return partial(_cut, turn.tracks[TRACK])
    tracks: Tracks = ()
    if options.tracks:
        path = track_path(Path(options.tracks), turn.utterance)
        tracks = load_tracks(path) if path.exists() else ()
    return partial(steps_of, tracks)


def track_path(folder: Path, utterance: str) -> Path:
    """The file with the tracks of an utterance."""
    return folder / f"{SEPARATORS.sub('_', utterance)}.csv"


def _cut(people: np.ndarray, steps: int, first: int) -> np.ndarray:
    """Rows of an array, and nobody behind its end."""
    made = np.zeros((steps, PEOPLE, FEATURES), np.float32)
    rows = people[first : first + steps]
    made[: len(rows)] = rows
    return made
