"""Noise made from nothing but random numbers, and babble made of our own synthetic speech.

Each maker takes a generator and a length and gives float32 mono sound at 16 kHz
with a root mean square of 1; loudness is set where it is mixed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from azsim.speech.features import SAMPLE_RATE_HZ

Maker = Callable[[np.random.Generator, int], np.ndarray]


def coloured(rng: np.random.Generator, length: int, slope: float) -> np.ndarray:
    """Noise whose power falls as frequency to the ``slope``: 0 white, 1 pink, 2 brown."""
    size = 1 << max(length - 1, 1).bit_length()
    spectrum = np.fft.rfft(rng.standard_normal(size))
    bins = np.arange(len(spectrum), dtype=np.float64)
    spectrum[1:] *= bins[1:] ** (-slope / 2)
    spectrum[: max(2, size * 30 // SAMPLE_RATE_HZ)] = 0.0  # below 30 Hz nobody hears it
    return unit_rms(np.fft.irfft(spectrum, size)[:length])


def hum(rng: np.random.Generator, length: int) -> np.ndarray:
    """Mains hum: 50 or 60 Hz with falling harmonics over faint pink noise."""
    times_s = np.arange(length) / SAMPLE_RATE_HZ
    base_hz = float(rng.choice((50.0, 60.0)))
    sound = 0.2 * coloured(rng, length, 1.0)
    for harmonic in range(1, 13):
        phase = rng.uniform(0, 2 * np.pi)
        sound = sound + rng.uniform(0.2, 1.0) / harmonic * np.sin(2 * np.pi * base_hz * harmonic * times_s + phase)
    return unit_rms(sound)


def fan(rng: np.random.Generator, length: int) -> np.ndarray:
    """A fan: pinkish noise that swells with the blades, and the tone of the blades."""
    times_s = np.arange(length) / SAMPLE_RATE_HZ
    blade_hz = float(rng.uniform(8.0, 40.0))
    swell = 1.0 + rng.uniform(0.1, 0.5) * np.sin(2 * np.pi * blade_hz * times_s)
    tone = np.sin(2 * np.pi * blade_hz * 6 * times_s)
    return unit_rms(coloured(rng, length, rng.uniform(0.8, 1.8)) * swell + 0.3 * tone)


def clatter(rng: np.random.Generator, length: int) -> np.ndarray:
    """Dishes and cutlery: short ringing strokes at random times over faint noise."""
    sound = 0.1 * coloured(rng, length, 1.0)
    for _ in range(max(1, int(length / SAMPLE_RATE_HZ * rng.uniform(2.0, 6.0)))):
        start = int(rng.integers(length))
        count = min(length - start, int(SAMPLE_RATE_HZ * rng.uniform(0.04, 0.3)))
        times_s = np.arange(count) / SAMPLE_RATE_HZ
        stroke = 0.3 * rng.standard_normal(count) * np.exp(-times_s / 0.004)
        for _ in range(int(rng.integers(2, 6))):
            tone_hz, decay_s = rng.uniform(700.0, 6500.0), rng.uniform(0.01, 0.08)
            stroke += rng.uniform(0.2, 1.0) * np.sin(2 * np.pi * tone_hz * times_s) * np.exp(-times_s / decay_s)
        sound[start : start + count] += rng.uniform(0.3, 2.0) * stroke
    return unit_rms(sound)


def road(rng: np.random.Generator, length: int) -> np.ndarray:
    """Inside a car at speed: tyres and engine, most of it below 500 Hz, and wind above.

    **Source:** shape after the interior noise of four cars in B. Schuller, "Intelligent Audio Analysis" (Springer
    2013), ch. 10: most energy from 0 to 500 Hz, more wind with speed; shares `assumed`.
    """
    times_s = np.arange(length) / SAMPLE_RATE_HZ
    sound = coloured(rng, length, 2.0) + 0.35 * coloured(rng, length, 1.0)
    firing_hz = rng.uniform(1800.0, 3500.0) / 60 * 2  # four cylinders, two strokes a turn
    for harmonic in range(1, 5):
        phase = rng.uniform(0, 2 * np.pi)
        sound = sound + rng.uniform(0.1, 0.4) / harmonic * np.sin(2 * np.pi * firing_hz * harmonic * times_s + phase)
    return unit_rms(sound)


def appliance(rng: np.random.Generator, length: int) -> np.ndarray:
    """A motor in the kitchen or a vacuum cleaner: a whine with harmonics that drifts and is switched on, and its air.

    **Source:** shape assumed: universal motors turn 10,000 to 30,000 times a minute.
    """
    times_s = np.arange(length) / SAMPLE_RATE_HZ
    turn_hz = rng.uniform(160.0, 500.0) * (1 + 0.03 * np.sin(2 * np.pi * rng.uniform(0.1, 0.8) * times_s))
    phase = 2 * np.pi * np.cumsum(turn_hz) / SAMPLE_RATE_HZ
    sound = rng.uniform(0.5, 1.5) * coloured(rng, length, rng.uniform(0.2, 1.2))
    for harmonic in range(1, 9):
        sound = sound + rng.uniform(0.1, 0.8) / harmonic * np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi))
    begins = int(rng.integers(-length, length // 2))
    if begins > 0:
        sound *= 0.15 + 0.85 * np.clip((np.arange(length) - begins) / (0.3 * SAMPLE_RATE_HZ), 0, 1)
    return unit_rms(sound)


def traffic(rng: np.random.Generator, length: int) -> np.ndarray:
    """A street through a window: vehicles that pass over a rumble, each brighter the nearer it is."""
    times_s = np.arange(length) / SAMPLE_RATE_HZ
    sound = 0.5 * coloured(rng, length, 1.8)
    for _ in range(max(1, int(length / SAMPLE_RATE_HZ * rng.uniform(0.15, 0.6)))):
        near_s, width_s = rng.uniform(-1.0, length / SAMPLE_RATE_HZ + 1.0), rng.uniform(0.6, 2.5)
        swell = 1.0 / (1.0 + np.square((times_s - near_s) / width_s))
        vehicle = coloured(rng, length, 1.5) + 0.5 * swell * coloured(rng, length, 0.8)
        engine_hz = rng.uniform(25.0, 70.0) * (1 - 0.04 * np.tanh(times_s - near_s))
        vehicle = vehicle + 0.6 * np.sin(2 * np.pi * np.cumsum(2 * engine_hz) / SAMPLE_RATE_HZ)
        sound = sound + rng.uniform(0.5, 2.0) * swell * vehicle
    return unit_rms(sound)


def rain(rng: np.random.Generator, length: int) -> np.ndarray:
    """Rain or a tap: a hiss of many drops, single ones heard above it."""
    sound = 0.6 * coloured(rng, length, rng.uniform(-0.3, 0.5))
    drop = rng.standard_normal(64) * np.exp(-np.arange(64) / 12.0)
    hits = (rng.random(length) < rng.uniform(50.0, 600.0) / SAMPLE_RATE_HZ) * rng.exponential(1.5, length)
    return unit_rms(sound + np.convolve(hits, drop)[:length])


def babble(rng: np.random.Generator, length: int, voices: Sequence[np.ndarray]) -> np.ndarray:
    """Several people at once: 3 to 8 of the given utterances, repeated from random places."""
    sound = np.zeros(length, np.float32)
    for _ in range(int(rng.integers(3, 9))):
        voice = unit_rms(voices[int(rng.integers(len(voices)))])
        sound += float(rng.uniform(0.4, 1.0)) * cut(rng, voice, length)
    return unit_rms(sound)


MAKERS: dict[str, Maker] = {
    "white": lambda rng, length: coloured(rng, length, 0.0),
    "pink": lambda rng, length: coloured(rng, length, 1.0),
    "brown": lambda rng, length: coloured(rng, length, 2.0),
    "hum": hum,
    "fan": fan,
    "clatter": clatter,
    "road": road,
    "appliance": appliance,
    "traffic": traffic,
    "rain": rain,
}


def mixed(speech: np.ndarray, sound: np.ndarray, snr_db: float, begin: int, finish: int) -> np.ndarray:
    """Speech with ``sound`` (of unit level) so far below the level of its samples ``begin`` to ``finish``."""
    level = float(np.sqrt(np.mean(np.square(speech[begin:finish])))) * 10 ** (-snr_db / 20)
    return speech + level * sound


def cut(rng: np.random.Generator, sound: np.ndarray, length: int) -> np.ndarray:
    """``length`` samples of a sound from a random place, going round at its end."""
    return np.resize(np.roll(sound, -int(rng.integers(len(sound)))), length)


def unit_rms(sound: np.ndarray) -> np.ndarray:
    """The sound scaled to a root mean square of 1, float32; silence stays silence."""
    level = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    return (sound / level if level > 0 else sound).astype(np.float32)
