"""What opens a turn while a device waits: its wake word, or, without one, that somebody speaks.

A follow-up, speech to the device soon after a turn, is the third (`azsim.speech.conversation.follow_up`).

::

    wake word   ▁▁▅▇▆│▁▁▅▇▅▇▆▁▁      the turn begins where the word ends, which is known somewhat later
    voice       ▁▁▁▁│▁▁▅▇▅▇▆▁▁       the turn begins half a second before the first steps of speech, out of a buffer
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.listening import Laid
from azsim.speech.endpointing.voice_activity import SPEECH, VoiceActivity
from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS, STACKED_FRAMES
from azsim.speech.wake_detector import WakeDetector, WakeLimits

Opener = Literal["wake word", "voice", "follow-up"]
VOICED_STEPS = 3
"""In a row, of speech, that open a turn: shorter sounds are none; `assumed`."""
LEAD_FRAMES = 50
"""Before the first of them that belong to the turn; `assumed`."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A turn may begin.

    Attributes:
        frame: first one of the turn, counted from the first that was heard.
        time_ms: of the sound, when it is known.
        by: what opened it.
        posterior: of the network that heard it.
    """

    frame: int
    time_ms: int
    by: Opener
    posterior: float

    @property
    def known_frames(self) -> int:
        """Frames that were heard when it was known."""
        return (self.time_ms - FRAME_LENGTH_MS) // FRAME_SHIFT_MS + 1


class Waiting(Protocol):
    """Hears everything, whether a turn is open or not."""

    is_always_on: bool

    def hear(self, frames: np.ndarray) -> list[Opening]:
        """Take the next log-mel frames, ``(n, 64)``; the openings in them."""


WaitingMaker = Callable[[], Waiting]
"""Makes one that counts frames from its own first."""


class ForWakeWord:
    """Waits for the wake word, also while a turn is open: said again, it opens the next.

    Args:
        network: the detector's, laid out.
        limits: when the word counts as heard.
    """

    is_always_on = True

    def __init__(self, network: Laid, limits: WakeLimits) -> None:
        self._detector = WakeDetector(*network, limits)

    def hear(self, frames: np.ndarray) -> list[Opening]:
        """See `Waiting`."""
        return [
            Opening(wake.end_ms // FRAME_SHIFT_MS, wake.time_ms, "wake word", wake.posterior)
            for wake in self._detector.feed(frames)
        ]


class ForVoice:
    """Waits for speech; while a turn is open the turn's end-pointer hears, and this one not.

    Args:
        network: of the voice activity, laid out.
        speech_above: posterior above which a step is speech.
    """

    is_always_on = False

    def __init__(self, network: Laid, speech_above: float) -> None:
        self._voice, self._speech_above = VoiceActivity(*network), speech_above
        self._steps = self._voiced = 0

    def hear(self, frames: np.ndarray) -> list[Opening]:
        """See `Waiting`."""
        openings = []
        for posterior in self._voice.feed(frames)[:, SPEECH].tolist():
            self._voiced = self._voiced + 1 if posterior > self._speech_above else 0
            if self._voiced == VOICED_STEPS:
                first = (self._steps + 1 - VOICED_STEPS) * STACKED_FRAMES - LEAD_FRAMES
                openings.append(Opening(max(0, first), step_end_ms(self._steps), "voice", posterior))
            self._steps += 1
        return openings
