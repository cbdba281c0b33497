"""Whether somebody speaks to the device, as the chip decides it: sound and tracks step by step to two posteriors.

::

    log-mel ──3 frames = 1 step──┐                                    ┌─> speech:   somebody speaks
    tracks ──3 people, 4 values──┴──> the network (integers) ──> LSTM ┴─> directed: and speaks to the device
    steps of speech:   ▁▁▁▅▇▆▇▆▅▇▇▁▁▁      600 ms of it: the mean of ``directed`` decides, once for each stretch

The network was trained by ``models/recipes/turn_taking.toml`` (`azsim.train.tasks.turn_taking`), which chose the
threshold on people that it did not hear. Without a track nobody is seen, and the sound alone decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import MEL_BINS, STACKED_FRAMES
from azsim.speech.turn_taking.tracks import nobody

FRAMES, PEOPLE_SEEN, POSTERIORS = "frames", "people", "posteriors"
"""Inputs and output of the network."""
SPEECH, DIRECTED = 0, 1
"""Columns of the output."""
AFTER_STEPS = 20
"""Of speech, at which it is decided; `assumed`: 600 ms."""
LEAST_STEPS = 3
"""Of a stretch that ends before, for it to be decided at its end; less is no speech; `assumed`."""
APART_STEPS = 20
"""Without speech, that end a stretch; `assumed`: 600 ms."""


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """When speech counts as directed at the device.

    Attributes:
        threshold: of the mean posterior.
        speech_above: posterior of speech above which a step is speech.
        after_steps: of speech, at which it is decided.
    """

    threshold: float = 0.5
    speech_above: float = 0.5
    after_steps: int = AFTER_STEPS

    @classmethod
    def of_card(cls, card: Mapping[str, object]) -> TurnLimits:
        """As a network's file states the threshold."""
        stated = card.get("threshold")
        return cls(float(stated)) if isinstance(stated, int | float) else cls()


@dataclass(frozen=True, slots=True)
class Addressed:
    """What was decided of a stretch of speech.

    Attributes:
        step: of 30 ms, at whose end it is known.
        first_step: of the stretch.
        directed: whether the device is spoken to.
        posterior: mean over the steps of speech.
    """

    step: int
    first_step: int
    directed: bool
    posterior: float

    @property
    def time_ms(self) -> int:
        """Of the sound, when it is known."""
        return step_end_ms(self.step)


class TurnMeter:
    """Posteriors one by one to decisions, one for each stretch of speech.

    Args:
        limits: of the decisions.
    """

    def __init__(self, limits: TurnLimits) -> None:
        self._limits = limits
        self._step = self._voiced = self._silent = self._first = 0
        self._sum, self._is_decided = 0.0, False

    def feed(self, speech: float, directed: float) -> Addressed | None:
        """Take the posteriors of a step; what is decided at its end."""
        step, self._step = self._step, self._step + 1
        if speech > self._limits.speech_above:
            if not self._voiced:
                self._first = step
            self._voiced, self._silent = self._voiced + 1, 0
            if self._is_decided:
                return None
            self._sum += directed
            return self._decided(step) if self._voiced >= self._limits.after_steps else None
        self._silent += 1
        if self._silent < APART_STEPS or not self._voiced:
            return None
        late = None if self._is_decided or self._voiced < LEAST_STEPS else self._decided(step)
        self._voiced, self._sum, self._is_decided = 0, 0.0, False
        return late

    def _decided(self, step: int) -> Addressed:
        self._is_decided = True
        mean = self._sum / self._voiced
        return Addressed(step, self._first, mean >= self._limits.threshold, mean)


def decisions(posteriors: np.ndarray, limits: TurnLimits, speech: np.ndarray | None = None) -> list[Addressed]:
    """Those of a whole stream.

    Args:
        posteriors: ``(n, 2)``.
        limits: of the decisions.
        speech: ``(n,)``, what says where speech is, if not the posteriors themselves.
    """
    meter, voiced = TurnMeter(limits), posteriors[:, SPEECH] if speech is None else speech
    made = [meter.feed(float(s), float(d)) for s, d in zip(voiced, posteriors[:, DIRECTED], strict=True)]
    return [each for each in made if each is not None]


class DirectedSpeech:
    """One stream of sound with its tracks; what comes out does not depend on how the stream was cut.

    Args:
        model: the network, laid out in integers; it may be shared.
        integers: the network, for its grids.
        seen: gives the people in view at so many steps from one on, as `azsim.speech.turn_taking.tracks.steps_of` does.
    """

    def __init__(
        self, model: Model, integers: IntegerGraph, seen: Callable[[int, int], np.ndarray] = nobody
    ) -> None:
        frames, people, target = (integers.grids[name] for name in (FRAMES, PEOPLE_SEEN, POSTERIORS))
        assert frames is not None
        assert people is not None
        assert target is not None
        self._executor, self._frames, self._people, self._target = Executor(model), frames, people, target
        self._seen = seen
        self._waiting = np.zeros((0, MEL_BINS), np.float32)
        self.steps = 0

    def feed(self, frames: np.ndarray) -> np.ndarray:
        """Take log-mel frames ``(n, 64)``; the posteriors of the steps that they complete, float64 ``(m, 2)``."""
        waiting = np.concatenate([self._waiting, np.asarray(frames, np.float32)])
        steps = scaled_steps(waiting)
        self._waiting = waiting[len(steps) * STACKED_FRAMES :]
        people = self._seen(len(steps), self.steps)
        self.steps += len(steps)
        given = {FRAMES: self._frames.quantise(steps), PEOPLE_SEEN: self._people.quantise(people)}
        return self._target.restore(self._executor.push(given)[POSTERIORS])

