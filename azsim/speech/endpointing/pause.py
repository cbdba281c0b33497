"""What an end-pointer sees at each step: how long nothing was said, by the hypotheses and by the sound.

::

    hypotheses   "a large latte"       0.7   240 ms since its last label ─┐
                 "a large latte with"  0.2    30 ms                       ├─> expected pause 0.7·240 + 0.3·... ms
                 "a large latter"      0.1   240 ms                      ─┘
    sound        posterior of speech  ▇▇▆▁▁▁▁  ─> 120 ms of quiet;  posterior of the end ▁▁▁▂▅▇▇

**Source:** expected pause: Liu et al. 2015, Maas et al. 2017: the sum over all active hypotheses of their normalised
probability times the pause at their end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from azsim.speech.endpoint import step_end_ms
from azsim.speech.features import STEP_MS


class Candidate(Protocol):
    """A hypothesis, as a search holds it.

    Attributes:
        labels: emitted so far.
        probability: of this one among those that are still possible, 0 to 1.
        trailing_outputs: encoder outputs since the last label, or since the start without one.
    """

    @property
    def labels(self) -> tuple[int, ...]: ...

    @property
    def probability(self) -> float: ...

    @property
    def trailing_outputs(self) -> int: ...


class Hypotheses(Protocol):
    """Whoever knows what was held possible: a search, or what replays one."""

    def hypotheses(self, output: int | None = None) -> Sequence[Candidate]:
        """After an encoder output (the latest if None), most probable first."""


@dataclass(frozen=True, slots=True)
class Pause:
    """What is known at the end of a step.

    Attributes:
        step: of 30 ms.
        labels: of the best hypothesis.
        expected_ms: pause at the end of the hypotheses, weighted by their probabilities.
        quiet_ms: since the sound last was speech, 0 while it is.
        ended: posterior that who spoke has finished, by the sound, 0 to 1.
        sentence_end: posterior that the words are a whole sentence, 0 to 1; 1 where nobody says.
    """

    step: int
    labels: tuple[int, ...]
    expected_ms: float
    quiet_ms: int
    ended: float
    sentence_end: float = 1.0

    @property
    def time_ms(self) -> int:
        """Of the sound: when the microphone has the step's last sample."""
        return step_end_ms(self.step)


class PauseMeter:
    """Measures the pause of one utterance, step by step.

    Args:
        speech_above: posterior of speech above which a step is speech.
        every: steps per encoder output.
    """

    def __init__(self, speech_above: float, every: int) -> None:
        self._speech_above, self._every = speech_above, every
        self._quiet_steps = 0

    def measure(
        self,
        step: int,
        candidates: Sequence[Candidate],
        speech: float,
        ended: float,
        sentence_end: float = 1.0,
    ) -> Pause:
        """The pause at the end of a step.

        Args:
            step: from 0 on, none left out.
            candidates: after the last encoder output that is whole by then, most probable first.
            speech, ended: posteriors of the step.
            sentence_end: of the best hypothesis.
        """
        self._quiet_steps = 0 if speech > self._speech_above else self._quiet_steps + 1
        since = (step + 1) % self._every
        total = sum(each.probability for each in candidates)
        expected = 0.0
        if total > 0:
            for each in candidates:
                steps = each.trailing_outputs * self._every + since
                expected += each.probability / total * steps * STEP_MS
        best = candidates[0].labels if candidates else ()
        return Pause(step, best, expected, self._quiet_steps * STEP_MS, ended, sentence_end)
