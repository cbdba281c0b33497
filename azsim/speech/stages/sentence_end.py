"""End of a sentence: a small network that reads the best words letter by letter, each time they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from azsim.compress.network import CompressedNetwork
from azsim.speech.endpointing.listening import SENTENCE_END
from azsim.speech.endpointing.sentence_end import letters_of
from azsim.speech.stage import Configured, Listening, Output, Piece, Stage, StageJob, Turn
from azsim.speech.stage_registry import stage
from azsim.speech.stages.voice_activity import as_stored

RECOGNISER = "recogniser"


@stage(SENTENCE_END)
class SentenceEndStage(Stage, frozen=True):
    """Options of the network; what it reads the recogniser's end-pointer decides by.

    Attributes:
        model: a name under ``models/``, or a path.
    """

    model: str = SENTENCE_END
    hears = (RECOGNISER,)

    def network(self, configured: Configured) -> CompressedNetwork:
        """As it is stored."""
        return as_stored(self.model, configured)

    def listener(self, configured: Configured, network: CompressedNetwork) -> Callable[[Turn], Listening]:
        """One that asks for a run for every letter that is new."""
        return lambda turn: _Listening(tuple(network.network.programs()))


class _Listening:
    def __init__(self, programs: tuple[str, ...]) -> None:
        self._programs = programs
        self._read: list[int] = []
        self._last: StageJob | None = None

    def hear(self, piece: Piece) -> Output:
        """Read what partial results show for the first time."""
        jobs: list[StageJob] = []
        for event in piece.events:
            if event.stage != RECOGNISER or event.kind != "partial":
                continue
            letters = letters_of(str(event.value)).tolist()
            new = len(letters) - _in_common(self._read, letters)
            self._read = letters
            if new:
                before = tuple(one for one in (self._last, event.job) if one is not None)
                for program in self._programs:
                    job = StageJob("npu", program, event.time_ms, units=new, after=before)
                    jobs.append(job)
                    before = (job,)
                self._last = jobs[-1]
        return Output(jobs=tuple(jobs))


def _in_common(before: Sequence[int], after: Sequence[int]) -> int:
    """How many letters both begin with."""
    count = 0
    while count < min(len(before), len(after)) and before[count] == after[count]:
        count += 1
    return count
