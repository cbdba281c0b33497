"""How loud a recording is, and which channel of it to hear.

Levels are of active speech: the samples above 2 % of the recording's peak. Silence before, between and after words,
however long, does not change them.
"""

from __future__ import annotations

import math

import numpy as np

ACTIVE_SHARE = 0.02
"""Of the peak; samples above it count as speech. **Source:** assumed (P.56 tracks an envelope; this needs none)."""
_PIECE = 1 << 20
QUIETEST_DBFS = -50.0
"""Active speech below it is heard badly by the shipped recognisers. **Source:** reports/real_recordings."""


def active_rms(sound: np.ndarray) -> float:
    """Root mean square of the samples above `ACTIVE_SHARE` of the peak; 0 of silence."""
    peak = max(float(sound.max(initial=0.0)), -float(sound.min(initial=0.0)))
    energy, count = 0.0, 0
    for start in range(0, len(sound), _PIECE):
        piece = sound[start : start + _PIECE]
        loud = piece[np.abs(piece) > ACTIVE_SHARE * peak]
        energy += float(np.sum(np.square(loud, dtype=np.float64)))
        count += loud.size
    return math.sqrt(energy / count) if count else 0.0


def dbfs(level: float) -> float:
    """A level in decibels against full scale (1); minus infinity of silence."""
    return 20 * math.log10(level) if level > 0 else -math.inf


class LevelMeter:
    """The active level of sound that comes in blocks, to a tenth of a decibel: energy is kept by steps of level."""

    _STEPS_PER_OCTAVE = 64
    _OCTAVES = 64

    def __init__(self) -> None:
        steps = self._STEPS_PER_OCTAVE * self._OCTAVES
        self._energy, self._counts = np.zeros(steps), np.zeros(steps, np.int64)
        self._peak = 0.0

    def feed(self, block: np.ndarray) -> None:
        """Take samples ``(n,)``."""
        size = np.abs(block[block != 0]).astype(np.float64)
        self._peak = max(self._peak, float(size.max(initial=0.0)))
        step = self._step(size)
        self._energy += np.bincount(step, np.square(size), len(self._energy))
        self._counts += np.bincount(step, minlength=len(self._counts))

    def _step(self, size: np.ndarray) -> np.ndarray:
        """The step of each level: from 2^-56, with all that is fainter, to 2^8, with all that is louder."""
        step = (np.log2(size) + self._OCTAVES - 8) * self._STEPS_PER_OCTAVE
        return np.clip(step, 0, len(self._energy) - 1).astype(np.int64)

    @property
    def active_rms(self) -> float:
        """As `active_rms` of all blocks together."""
        if not self._peak:
            return 0.0
        least = int(self._step(np.array([ACTIVE_SHARE * self._peak]))[0])
        count = int(self._counts[least:].sum())
        return math.sqrt(float(self._energy[least:].sum()) / count) if count else 0.0


class ChannelChoice:
    """Which channel to hear, from blocks of all of them: the mean, or the loudest where the channels cancel.

    Channels cancel where their sum is weaker than the loudest of them alone (opposite polarity, as a cable of two
    wires leaves it).
    """

    def __init__(self, channels: int) -> None:
        self._energy = np.zeros(channels, np.float64)
        self._summed = 0.0

    def feed(self, block: np.ndarray) -> None:
        """Take samples ``(n, channels)``."""
        wide = block.astype(np.float64)
        self._energy += np.square(wide).sum(axis=0)
        self._summed += float(np.square(wide.sum(axis=1)).sum())

    @property
    def channel(self) -> int | None:
        """The channel to hear, counted from 0; None for the mean of all."""
        loudest = int(np.argmax(self._energy))
        return loudest if self._summed < 0.95 * self._energy[loudest] else None
