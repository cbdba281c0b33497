"""Which utterance the timeline figure and ``trace.json`` show: chosen by a rule that the figure states.

::

    recordings ──> every delivered word right, end-point not premature ──> the one of median length
    (azsim run: the first recording)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azsim.compare.speech_set import Utterance
from azsim.report.wer import count_errors
from azsim.speech.conclusion import Recognition


@dataclass(frozen=True, slots=True)
class ShownUtterance:
    """An utterance.

    Attributes:
        index: among those that are run.
        why: the rule that chose it, a phrase for the caption.
    """

    index: int
    why: str


Choose = Callable[[Sequence[Utterance], Sequence[Recognition]], ShownUtterance]


def first(utterances: Sequence[Utterance], recognitions: Sequence[Recognition]) -> ShownUtterance:
    """The first recording that was given."""
    return ShownUtterance(0, "the first recording" if len(utterances) > 1 else "")


def typical(utterances: Sequence[Utterance], recognitions: Sequence[Recognition]) -> ShownUtterance:
    """The recording of median length among those that were recognised without a mistake; among all if none was."""
    right = [
        index
        for index, (utterance, recognition) in enumerate(zip(utterances, recognitions, strict=True))
        if _is_right(utterance, recognition)
    ]
    among = right or range(len(utterances))
    by_length = sorted(among, key=lambda index: (utterances[index].audio_ms, index))
    kind = "delivered without a word error" if right else "run (none was delivered without a word error)"
    return ShownUtterance(by_length[(len(by_length) - 1) // 2], f"of median length among the {len(among)} {kind}")


def _is_right(utterance: Utterance, recognition: Recognition) -> bool:
    work = recognition.work
    if not utterance.reference or work.premature or work.end_pointing_ms is None:
        return False
    return int(count_errors([utterance.reference], [recognition.transcript.text])[0, 0]) == 0
