"""Which steps hold speech, by their energy alone: what a core can tell before a network is asked.

::

    level of a step ──above the floor, near the peak──> speech
    floor: falls at once, rises slowly      peak: rises at once, falls slowly
"""

from __future__ import annotations

import numpy as np

from azsim.nn.normalisation import white_noise_nats
from azsim.speech.features import MEL_BINS, STACKED_FRAMES, STEP_MS

NATS_PER_DB = np.log(10) / 10
ABOVE_FLOOR, BELOW_PEAK = 9.0 * NATS_PER_DB, 32.0 * NATS_PER_DB
"""As speech is found in recordings that are learned from; `assumed`."""
FLOOR_RISE, PEAK_FALL = 5.0 * NATS_PER_DB * STEP_MS / 1000, 2.0 * NATS_PER_DB * STEP_MS / 1000
"""Of a step: 5 and 2 dB in a second; `assumed`."""
QUIET_ROOM_DBFS, FAINTEST_DBFS = -72.0, -80.0
"""The highest level that the floor begins from; the lowest that may be speech."""


class SpeechGate:
    """One stream of steps; what comes out does not depend on how it was cut."""

    def __init__(self) -> None:
        self._floor, self._faintest = (
            float(np.log(np.exp(white_noise_nats(dbfs, MEL_BINS)).sum())) for dbfs in (QUIET_ROOM_DBFS, FAINTEST_DBFS)
        )
        self._peak = -np.inf

    def feed(self, frames: np.ndarray) -> np.ndarray:
        """Whether somebody speaks in each step of whole steps of log-mel ``(3 n, 64)``: bool ``(n,)``."""
        levels = np.log(np.exp(np.asarray(frames, np.float64)).sum(axis=1)).reshape(-1, STACKED_FRAMES).mean(axis=1)
        return np.fromiter((self._is_speech(level) for level in levels.tolist()), bool, len(levels))

    def _is_speech(self, level: float) -> bool:
        self._floor = min(level, self._floor + FLOOR_RISE)
        self._peak = max(level, self._peak - PEAK_FALL)
        return level > max(self._floor + ABOVE_FLOOR, self._peak - BELOW_PEAK, self._faintest)
