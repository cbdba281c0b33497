"""Voiced speech made into whispered speech, in two ways: one to learn from, another to be measured with.

::

    by_lpc      frames ──linear prediction──> envelope x noise, overlapped       breath's spectrum, first formant up
    by_world    WORLD's envelope, no pitch, all of it aperiodic ──> its synthesis (package pyworld)

A whisper has no pitch: breath excites the vocal tract, with less energy at low frequencies than the glottis has, and
its first formant lies higher. Nobody's real whispers are in the data; both ways are models of them.

**Source:** linear prediction: Makhoul 1975; WORLD: Morise et al. 2016; how far formants move, how the spectrum tilts
and how much weaker whispers are: `assumed`.
"""

from __future__ import annotations

import numpy as np

from azsim.errors import InputError
from azsim.speech.features import SAMPLE_RATE_HZ

ORDER = 18
WINDOW, HOP = 400, 100
TILT_DB_PER_OCTAVE, TILT_FROM_HZ, TILT_TO_HZ = (2.0, 6.0), 200.0, 3000.0
FIRST_FORMANT_UP, FORMANT_UNTIL_HZ = (1.0, 1.2), 2500.0
WEAKER_DB = (8.0, 24.0)
BREATH_FLOOR, PERIOD_MS = 1e-9, 10.0
NO_WORLD = "pyworld cannot be imported; pip install pyworld \"setuptools<81\" brings it (it asks for pkg_resources)"


def by_lpc(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A whisper from linear prediction: every frame's envelope over noise; float32, as long as ``samples``."""
    sound = np.asarray(samples, np.float64)
    padded = np.pad(sound, (WINDOW, WINDOW + HOP))
    window = np.hanning(WINDOW + 1)[:-1]
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * window
    envelopes = _formants_up(envelope(frames), float(rng.uniform(*FIRST_FORMANT_UP))) * _breath(rng)
    noise = rng.standard_normal(len(padded))
    breath = np.lib.stride_tricks.sliding_window_view(noise, WINDOW)[::HOP] * window
    shaped = np.fft.irfft(np.fft.rfft(breath, axis=1) * envelopes, WINDOW, axis=1) * window
    made = np.zeros(len(padded))
    for phase in range(WINDOW // HOP):  # frames of one phase do not overlap
        part = shaped[phase :: WINDOW // HOP].reshape(-1)
        made[phase * HOP : phase * HOP + len(part)] += part
    return _weaker(made[WINDOW : WINDOW + len(sound)], sound, rng)


def by_world(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A whisper by WORLD's analysis and synthesis without pitch; float32, as long as ``samples``.

    Raises:
        InputError: pyworld is not installed.
    """
    try:
        import pyworld
    except ImportError:
        raise InputError(NO_WORLD) from None
    sound = np.ascontiguousarray(samples, np.float64)
    pitch, times = pyworld.dio(sound, SAMPLE_RATE_HZ, frame_period=PERIOD_MS)
    powers = pyworld.cheaptrick(sound, pitch, times, SAMPLE_RATE_HZ)
    bins = np.fft.rfftfreq(2 * (powers.shape[1] - 1), 1 / SAMPLE_RATE_HZ)
    corner_hz = rng.uniform(500, 1200)
    powers = powers * (bins**2 / (bins**2 + corner_hz**2)) + BREATH_FLOOR
    made = pyworld.synthesize(
        np.zeros_like(pitch), np.ascontiguousarray(powers), np.ones_like(powers), SAMPLE_RATE_HZ, PERIOD_MS
    )
    return _weaker(np.pad(made, (0, max(0, len(sound) - len(made))))[: len(sound)], sound, rng)


def envelope(frames: np.ndarray) -> np.ndarray:
    """Magnitudes ``(n, WINDOW / 2 + 1)`` of all-pole models of windowed frames ``(n, WINDOW)``."""
    powers = np.abs(np.fft.rfft(frames, 2 * WINDOW, axis=1)) ** 2
    lags = np.fft.irfft(powers, axis=1)[:, : ORDER + 1]
    lags[:, 0] = lags[:, 0] * (1 + 1e-6) + 1e-12
    weights, error = np.zeros((len(frames), ORDER + 1)), lags[:, 0].copy()
    weights[:, 0] = 1
    for order in range(1, ORDER + 1):  # Levinson and Durbin, all frames at once
        reflected = -(weights[:, :order] * lags[:, order:0:-1]).sum(axis=1) / error
        weights[:, 1 : order + 1] += reflected[:, None] * weights[:, order - 1 :: -1][:, :order]
        error = error * (1 - reflected**2)
    gain = np.sqrt(np.maximum(error, 0) / WINDOW)
    return gain[:, None] / np.abs(np.fft.rfft(weights, WINDOW, axis=1))


def _formants_up(envelopes: np.ndarray, factor: float) -> np.ndarray:
    """The envelopes with what lies low moved up by a factor, and nothing from ``FORMANT_UNTIL_HZ`` on."""
    bins = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE_HZ)
    share = np.clip(1 - bins / FORMANT_UNTIL_HZ, 0, 1)
    at = bins / (1 + (factor - 1) * share) * WINDOW / SAMPLE_RATE_HZ
    low = np.minimum(at.astype(np.int64), len(bins) - 2)
    part = at - low
    return envelopes[:, low] * (1 - part) + envelopes[:, low + 1] * part


def _breath(rng: np.random.Generator) -> np.ndarray:
    """What breath adds to the envelope, a factor for each bin ``(WINDOW / 2 + 1,)``."""
    bins = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE_HZ)
    octaves = np.log2(np.clip(bins, TILT_FROM_HZ, TILT_TO_HZ) / TILT_TO_HZ)
    return 10 ** (rng.uniform(*TILT_DB_PER_OCTAVE) * octaves / 20)


def _weaker(made: np.ndarray, sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As weak against the voice as whispers are."""
    own, voice = (float(np.sqrt(np.mean(each**2))) if len(each) else 0.0 for each in (made, sound))
    level = voice * 10 ** (-rng.uniform(*WEAKER_DB) / 20) / own if own else 0.0
    return np.clip(made * level, -1, 1).astype(np.float32)
