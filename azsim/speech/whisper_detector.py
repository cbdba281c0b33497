"""Whether somebody whispers, as the chip detects it: log-mel as it comes to a posterior at every step.

::

    log-mel ──scaled, 3 frames = 1 step──> the network (integers) ──> posterior of a step
    posteriors of the steps with speech (`azsim.speech.speaker.gate`) ──mean of those so far──> whispered, or aloud

The network was trained by ``models/recipes/whisper.toml`` (`azsim.train.tasks.whisper`), which chose the threshold
on people that it did not hear. That the mean of an utterance's posteriors decides is one of the rules of Raeesy et
al. 2018 (arXiv:1809.07832).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import MEL_BINS, STACKED_FRAMES
from azsim.speech.speaker.gate import SpeechGate

FRAMES, POSTERIOR = "frames", "posterior"
"""Input and output of the network."""
THRESHOLD = 0.5
LEAST_STEPS = 10
"""With speech, before anything is said of it: 0.3 s; `assumed`."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known after a step with speech.

    Attributes:
        step: of 30 ms.
        mean: posterior of the steps with speech so far.
        is_whisper: whether that is at least the threshold.
    """

    step: int
    mean: float
    is_whisper: bool


class WhisperDetector:
    """One stream through the network; what comes out does not depend on how the stream was cut.

    Args:
        model: the network, laid out in integers; it may be shared.
        integers: the network, for its grids.
        threshold: of the mean.

    Attributes:
        steps: so far.
        heard: what was known after the last step with speech; None before `LEAST_STEPS` of them.
    """

    def __init__(self, model: Model, integers: IntegerGraph, threshold: float = THRESHOLD) -> None:
        source, target = integers.grids[FRAMES], integers.grids[POSTERIOR]
        assert source is not None
        assert target is not None
        self._executor, self._source, self._target, self._threshold = Executor(model), source, target, threshold
        self._waiting = np.zeros((0, MEL_BINS), np.float32)
        self._gate = SpeechGate()
        self._sum, self._spoken = 0.0, 0
        self.steps = 0
        self.heard: Heard | None = None

    def feed(self, frames: np.ndarray) -> list[Heard]:
        """Take log-mel frames ``(n, 64)``; what each step with speech that they complete makes known."""
        waiting = np.concatenate([self._waiting, np.asarray(frames, np.float32)])
        whole = len(waiting) // STACKED_FRAMES * STACKED_FRAMES
        self._waiting = waiting[whole:]
        fed = self._source.quantise(scaled_steps(waiting[:whole]))
        posteriors = self._target.restore(self._executor.push({FRAMES: fed})[POSTERIOR])[:, 0]
        made = []
        for is_speech, posterior in zip(self._gate.feed(waiting[:whole]).tolist(), posteriors.tolist(), strict=True):
            if is_speech:
                self._sum, self._spoken = self._sum + posterior, self._spoken + 1
                if self._spoken >= LEAST_STEPS:
                    mean = self._sum / self._spoken
                    self.heard = Heard(self.steps, mean, mean >= self._threshold)
                    made.append(self.heard)
            self.steps += 1
        return made


def threshold_of(card: Mapping[str, object]) -> float:
    """As a network's file states it."""
    stated = card.get("threshold")
    return float(stated) if isinstance(stated, int | float) else THRESHOLD
