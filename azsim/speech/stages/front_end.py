"""The front end: log-mel features on the application cores, a job for each step as the microphone has its sound."""

from __future__ import annotations

from collections.abc import Callable

from azsim.compress.network import CompressedNetwork
from azsim.nn.normalisation import cycles_per_frame
from azsim.speech.endpointing.listening import VOICE_ACTIVITY
from azsim.speech.endpointing.voice_activity import CYCLES_PER_FRAME
from azsim.speech.features import MEL_BINS, STACKED_FRAMES
from azsim.speech.jobs import front_end_jobs
from azsim.speech.stage import Configured, Listening, Output, Piece, Stage, Turn
from azsim.speech.stage_registry import stage


@stage("front-end")
class FrontEnd(Stage, frozen=True):
    """It makes features for all stages; how they are set against their level is the recogniser's choice."""

    for_words = True

    def listener(self, configured: Configured, network: CompressedNetwork | None) -> Callable[[Turn], Listening]:
        """One that counts frames."""
        more = cycles_per_frame(configured.recogniser.network.normalisation, MEL_BINS)
        if VOICE_ACTIVITY in configured.networks:
            more += CYCLES_PER_FRAME
        return lambda turn: _Listening(more)


class _Listening:
    def __init__(self, cycles: int) -> None:
        self._cycles = cycles
        self._steps = 0

    def hear(self, piece: Piece) -> Output:
        """A job for each step that the frames complete."""
        before, self._steps = self._steps, (piece.first + len(piece.frames)) // STACKED_FRAMES
        return Output(jobs=tuple(front_end_jobs(before, self._steps, self._cycles)))
