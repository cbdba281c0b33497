"""The wake word as the chip detects it: log-mel as it comes to a posterior at every step, and the moments it was heard.

::

    log-mel ──scaled, 3 frames = 1 step──> the network (integers) ──> posterior ──mean of 3 steps ≥ threshold──> heard
    sound:      ▁▁▅▇▆▇▅▁▁▁▁▁▁        the word ends, ``delay_ms`` later it is known (at the median)
    posterior:  ▁▁▁▁▁▁▂▆▇▇▇▃▁        then deaf for a while, so that a word is heard once

The network was trained by ``models/recipes/wake_word.toml`` (`azsim.train.tasks.wake_word`), which chose the threshold
on people that it did not hear. Its features are scaled as those of the voice activity.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import MEL_BINS, STACKED_FRAMES, STEP_MS

FRAMES, POSTERIOR = "frames", "posterior"
"""Input and output of the network."""
MEAN_STEPS = 3
DEAF_MS = 900
"""After a word was heard: its length at most; `assumed`."""


@dataclass(frozen=True, slots=True)
class WakeLimits:
    """When a wake word counts as heard.

    Attributes:
        threshold: of the mean posterior of `MEAN_STEPS` steps.
        delay_ms: median time from the end of the word until it is known.
    """

    threshold: float = 0.5
    delay_ms: int = 120

    @classmethod
    def of_card(cls, card: Mapping[str, object]) -> WakeLimits:
        """As a network's file states them."""
        stated = {name: card[name] for name in cls.__slots__ if isinstance(card.get(name), int | float)}
        return cls(**stated)


@dataclass(frozen=True, slots=True)
class Wake:
    """The word was heard.

    Attributes:
        step: of 30 ms, at whose end it is known; ``time_ms``: that moment of the sound.
        end_ms: where the word ends, estimated from the median delay.
        posterior: mean of the steps.
    """

    step: int
    time_ms: int
    end_ms: int
    posterior: float


def heard_steps(posteriors: np.ndarray, threshold: float) -> list[int]:
    """The steps at which a whole stream of posteriors ``(n,)`` is heard as the word."""
    meter = WakeMeter(threshold)
    return [step for step, value in enumerate(posteriors) if meter.is_heard(float(value))]


class WakeMeter:
    """Posteriors one by one to moments at which the word was heard.

    Args:
        threshold: of their mean.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold, self._deaf = threshold, 0
        self._last: deque[float] = deque([0.0] * MEAN_STEPS, MEAN_STEPS)

    @property
    def mean(self) -> float:
        """Of the last steps."""
        return sum(self._last) / MEAN_STEPS

    def is_heard(self, posterior: float) -> bool:
        """Whether the word counts as heard at the step with this posterior."""
        self._last.append(posterior)
        self._deaf = max(0, self._deaf - 1)
        if self._deaf or self.mean < self._threshold:
            return False
        self._deaf = DEAF_MS // STEP_MS
        return True


class WakeDetector:
    """One stream through the network; what comes out does not depend on how the stream was cut.

    Args:
        model: the network, laid out in integers; it may be shared.
        integers: the network, for its grids.
        limits: when the word counts as heard.
    """

    def __init__(self, model: Model, integers: IntegerGraph, limits: WakeLimits) -> None:
        source, target = integers.grids[FRAMES], integers.grids[POSTERIOR]
        assert source is not None
        assert target is not None
        self._executor, self._source, self._target, self._limits = Executor(model), source, target, limits
        self._waiting = np.zeros((0, MEL_BINS), np.float32)
        self._meter = WakeMeter(limits.threshold)
        self._steps = 0

    def feed(self, frames: np.ndarray) -> list[Wake]:
        """Take log-mel frames ``(n, 64)``; the moments in the steps that they complete."""
        waiting = np.concatenate([self._waiting, np.asarray(frames, np.float32)])
        steps = scaled_steps(waiting)
        self._waiting = waiting[len(steps) * STACKED_FRAMES :]
        made = self._target.restore(self._executor.push({FRAMES: self._source.quantise(steps)})[POSTERIOR])
        wakes = []
        for posterior in made[:, 0].tolist():
            if self._meter.is_heard(posterior):
                time_ms = step_end_ms(self._steps)
                end_ms = max(0, time_ms - self._limits.delay_ms)
                wakes.append(Wake(self._steps, time_ms, end_ms, self._meter.mean))
            self._steps += 1
        return wakes
