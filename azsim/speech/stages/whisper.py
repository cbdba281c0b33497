"""Whether somebody whispers: a small network hears every step; the mean over those with speech decides.

::

    frames ──npu: a run each step──> posterior ──cpu: gate, mean──> whisper: true or false, whenever that turns
"""

from __future__ import annotations

from collections.abc import Callable

from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_network
from azsim.errors import InputError
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.listening import Laid, integers_of
from azsim.speech.stage import Configured, Event, Listening, Output, Piece, Stage, StageJob, Turn
from azsim.speech.stage_registry import stage
from azsim.speech.stages.voice_activity import as_stored
from azsim.speech.whisper_detector import POSTERIOR, WhisperDetector, threshold_of

KIND, FRONT_END = "whisper", "front-end"


@stage(KIND)
class WhisperStage(Stage, frozen=True):
    """Options of the detector.

    Attributes:
        model: a name under ``models/``, or a path; its file states the threshold.
    """

    model: str = KIND
    hears = (FRONT_END,)

    def network(self, configured: Configured) -> CompressedNetwork:
        """As it is stored.

        Raises:
            InputError: it is another network.
        """
        small = as_stored(self.model, configured)
        if POSTERIOR not in small.network.graph.outputs:
            raise InputError(f"model = {self.model!r}: gives no {POSTERIOR}; `azsim train whisper` makes one that does")
        return small

    def listener(self, configured: Configured, network: CompressedNetwork) -> Callable[[Turn], Listening]:
        """One that tells whether it is a whisper."""
        laid, threshold = integers_of(network), threshold_of(load_network(self.model).card)
        programs = tuple(network.network.programs())
        return lambda turn: _Listening(laid, threshold, programs)


class _Listening:
    def __init__(self, laid: Laid, threshold: float, programs: tuple[str, ...]) -> None:
        self._detector = WhisperDetector(*laid, threshold)
        self._programs = programs
        self._last: tuple[StageJob, ...] = ()
        self._told: bool | None = None
        self._counted = 0

    def hear(self, piece: Piece) -> Output:
        """A run for each step that the frames complete; an event when it is first known, and when it turns."""
        begun, front_ends, jobs = self._detector.steps, piece.jobs.get(FRONT_END, ()), list[StageJob]()
        heard = {each.step: each for each in self._detector.feed(piece.frames)}
        events: list[Event] = []
        for step in range(begun, self._detector.steps):
            after = (*self._last, *front_ends[step : step + 1])
            for program in self._programs:
                jobs.append(StageJob("npu", program, step_end_ms(step), after=after, step=step))
                self._last = after = (jobs[-1],)
            known = heard.get(step)
            if known is not None and known.is_whisper is not self._told:
                self._told = known.is_whisper
                decided = StageJob("cpu", KIND, step_end_ms(step), units=step + 1 - self._counted, after=after)
                jobs.append(decided)
                self._counted = step + 1
                value = {"whisper": known.is_whisper, "posterior": round(known.mean, 4)}
                events.append(Event(step_end_ms(step), KIND, value, decided))
        return Output(events=tuple(events), jobs=tuple(jobs))
