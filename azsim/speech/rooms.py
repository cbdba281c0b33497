"""Synthetic room responses: direct sound, early reflections, exponential tail.

Source: assumed; an image-free stand-in whose RT60 (0.15-0.6 s) spans furnished rooms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.speech.features import SAMPLE_RATE_HZ

RT60_RANGE_S = (0.15, 0.6)
TAIL_LEVEL_RANGE_DB = (-22.0, -8.0)
DECAY_AT_RT60 = 6.908  # ln(1000): an amplitude falls by 60 dB


@dataclass(frozen=True)
class Room:
    """A room's response: ``response`` is float32 at 16 kHz, the direct sound at sample 0."""

    rt60_s: float
    response: np.ndarray


def draw_room(rng: np.random.Generator) -> Room:
    """A room with a drawn reverberation time and distance."""
    rt60_s = float(rng.uniform(*RT60_RANGE_S))
    length = int(rt60_s * SAMPLE_RATE_HZ)
    times_s = np.arange(length) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(length) * np.exp(-DECAY_AT_RT60 * times_s / rt60_s)
    tail = np.convolve(tail, [0.5, 0.3, 0.2], mode="same")  # walls absorb the highs
    tail[: int(0.008 * SAMPLE_RATE_HZ)] = 0.0
    level_db = float(rng.uniform(*TAIL_LEVEL_RANGE_DB))
    tail *= 10 ** (level_db / 20) / np.sqrt(np.sum(tail**2))
    response = tail
    response[0] = 1.0
    for _ in range(int(rng.integers(4, 11))):
        delay_s = float(rng.uniform(0.002, 0.03))
        gain = float(rng.uniform(0.05, 0.35)) * np.exp(-delay_s / 0.02)
        response[int(delay_s * SAMPLE_RATE_HZ)] += gain * rng.choice((-1.0, 1.0))
    return Room(rt60_s, response.astype(np.float32))


def reverberate(samples: np.ndarray, room: Room) -> np.ndarray:
    """The sound as heard in the room; same length, float32 (a tail beyond the end is cut)."""
    size = 1 << (len(samples) + len(room.response) - 1).bit_length()
    spectrum = np.fft.rfft(samples, size) * np.fft.rfft(room.response, size)
    return np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)
