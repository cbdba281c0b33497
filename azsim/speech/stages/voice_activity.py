"""Voice activity: a small network that hears every step of 30 ms for the end-pointer, on the neural processor."""

from __future__ import annotations

from collections.abc import Callable

from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_compressed, load_network
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.listening import VOICE_ACTIVITY
from azsim.speech.features import STACKED_FRAMES
from azsim.speech.stage import Configured, Listening, Output, Piece, Stage, StageJob, Turn
from azsim.speech.stage_registry import stage

FRONT_END = "front-end"


def as_stored(model: str, configured: Configured) -> CompressedNetwork:
    """A network as its file holds it, in int8 where that is floats, laid out for the chip.

    The configuration's bits and codec are the recogniser's alone: this network was not trained for them.

    Raises:
        InputError: there is no such network, or it is damaged.
    """
    small = load_compressed(model) or compress(load_network(model), name=model, codec="raw")
    return small.laid_out(configured.layout)


@stage(VOICE_ACTIVITY)
class VoiceActivityStage(Stage, frozen=True):
    """Options of the network; what it hears the recogniser's end-pointer decides by.

    Attributes:
        model: a name under ``models/``, or a path.
    """

    model: str = VOICE_ACTIVITY
    hears = (FRONT_END,)

    def network(self, configured: Configured) -> CompressedNetwork:
        """As it is stored."""
        return as_stored(self.model, configured)

    def listener(self, configured: Configured, network: CompressedNetwork) -> Callable[[Turn], Listening]:
        """One that asks for a run at every step."""
        return lambda turn: _Listening(tuple(network.network.programs()))


class _Listening:
    def __init__(self, programs: tuple[str, ...]) -> None:
        self._programs = programs
        self._last: StageJob | None = None
        self._steps = 0

    def hear(self, piece: Piece) -> Output:
        """A run for each step that the frames complete; the front end has set its features against fixed numbers."""
        front_ends, jobs = piece.jobs.get(FRONT_END, ()), list[StageJob]()
        until = (piece.first + len(piece.frames)) // STACKED_FRAMES
        for step in range(self._steps, until):
            after = (*(() if self._last is None else (self._last,)), *front_ends[step : step + 1])
            for program in self._programs:
                self._last = StageJob("npu", program, step_end_ms(step), after=after, step=step)
                jobs.append(self._last)
                after = (self._last,)
        self._steps = max(self._steps, until)
        return Output(jobs=tuple(jobs))
