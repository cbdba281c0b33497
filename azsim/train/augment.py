"""Variation made on log-mel frames while training: tempo, vocal tract, channel, noise, masks.

Everything is drawn from the generator handed in, so a seed repeats it exactly.

**Source:** vocal tract perturbation, Jaitly & Hinton 2013; masks, SpecAugment
(arXiv:1904.08779); ranges `assumed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from azsim.nn.normalisation import white_noise_nats
from azsim.speech.features import MEL_BINS

MEL_LOW_HZ, MEL_HIGH_HZ = 20.0, 7600.0
NEPERS_PER_DB = np.log(10.0) / 10.0  # of power: log-mel is the natural log of power


@dataclass(frozen=True)
class Strength:
    """How much an utterance is varied; ranges are (low, high), shares in [0, 1].

    Attributes:
        tempo: factor on duration.
        vocal_tract: factor on frequency.
        gain_db: level of the whole recording.
        channel_db: standard deviation of each term of a smooth equaliser curve.
        noise_share: how often noise or music is added.
        snr_db: speech over noise.
        mel_masks: masks of up to ``mel_mask_bins`` bins.
        quieter_share: how often the recording is attenuated further, by up to ``quieter_db``, down to room tone.
        band_share: how often it comes through a telephone: nothing but room tone outside a band.
        time_masks: masks of up to ``time_mask_frames`` frames per three seconds.
    """

    tempo: tuple[float, float] = (0.85, 1.18)
    vocal_tract: tuple[float, float] = (0.88, 1.12)
    gain_db: tuple[float, float] = (-8.0, 8.0)
    channel_db: float = 1.5
    noise_share: float = 0.4
    snr_db: tuple[float, float] = (5.0, 30.0)
    mel_masks: int = 1
    mel_mask_bins: int = 8
    time_masks: int = 1
    time_mask_frames: int = 12
    quieter_share: float = 0.0
    quieter_db: float = 30.0
    band_share: float = 0.0


SYNTHETIC = Strength()
REAL = Strength(
    tempo=(0.8, 1.25),
    vocal_tract=(0.85, 1.17),
    channel_db=2.5,
    noise_share=0.6,
    snr_db=(6.0, 30.0),
    mel_masks=2,
    time_masks=2,
)
NOISY_SYNTHETIC = replace(SYNTHETIC, noise_share=0.85, snr_db=(0.0, 25.0))
NOISY_REAL = replace(REAL, noise_share=0.85, snr_db=(0.0, 25.0))
WIDE_SYNTHETIC, WIDE_REAL = (
    replace(usual, noise_share=0.6, snr_db=(-3.0, 30.0), quieter_share=0.4, band_share=0.12)
    for usual in (SYNTHETIC, REAL)
)
ROOM_TONE_DBFS = (-85.0, -70.0)
BAND_LOW_HZ, BAND_HIGH_HZ = (50.0, 350.0), (3300.0, 4000.0)


def _mel(hertz: np.ndarray | float) -> np.ndarray:
    return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)


def _bin_centres_hz() -> np.ndarray:
    edges = np.linspace(_mel(MEL_LOW_HZ), _mel(MEL_HIGH_HZ), MEL_BINS + 2)
    return 700.0 * np.expm1(edges[1:-1] / 1127.0)


_CENTRES_HZ = _bin_centres_hz()
_TONE_SPREAD = np.linspace(0.78, 0.32, MEL_BINS)
"""Of the logarithm of white noise's energy, which few bins of a spectrum make up in the low bands; measured."""


def stretch(frames: np.ndarray, factor: float) -> np.ndarray:
    """Change duration by ``factor``: linear interpolation between frames ``(T, 64)``."""
    count = max(1, round(len(frames) * factor))
    at = np.minimum(np.arange(count) / factor, len(frames) - 1)
    low = at.astype(np.int64)
    high = np.minimum(low + 1, len(frames) - 1)
    part = (at - low).astype(np.float32)[:, None]
    return frames[low] * (1 - part) + frames[high] * part


def warp(frames: np.ndarray, factor: float) -> np.ndarray:
    """Move formants by ``factor`` in frequency: bin k takes what was at its centre over factor."""
    spacing = (_mel(MEL_HIGH_HZ) - _mel(MEL_LOW_HZ)) / (MEL_BINS + 1)
    at = np.clip((_mel(_CENTRES_HZ / factor) - _mel(MEL_LOW_HZ)) / spacing - 1, 0, MEL_BINS - 1)
    low = at.astype(np.int64)
    high = np.minimum(low + 1, MEL_BINS - 1)
    part = (at - low).astype(np.float32)
    return frames[:, low] * (1 - part) + frames[:, high] * part


def equalise(frames: np.ndarray, strength: Strength, rng: np.random.Generator) -> np.ndarray:
    """Add a random gain and a smooth random curve over frequency."""
    position = np.linspace(0, np.pi, MEL_BINS)
    curve = sum(rng.normal(0, strength.channel_db) * np.cos(order * position) for order in range(1, 5))
    shift_db = rng.uniform(*strength.gain_db) + curve
    return frames + (NEPERS_PER_DB * shift_db).astype(np.float32)


def add_noise(frames: np.ndarray, noise: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """Mix a stretch of a noise clip in, as mel powers.

    Args:
        frames: log-mel speech ``(T, 64)``.
        noise: log-mel noise ``(N, 64)``, repeated where it is shorter.
        snr_db: level of the loudest fifth of the speech over the noise's mean.
    """
    start = int(rng.integers(len(noise)))
    chosen = noise[(start + np.arange(len(frames))) % len(noise)].astype(np.float32)
    levels = np.log(np.exp(frames).mean(1) + 1e-10)
    speech_level = np.sort(levels)[-max(1, len(levels) // 5) :].mean()
    noise_level = np.log(np.exp(chosen).mean() + 1e-10)
    chosen += np.float32(speech_level - noise_level - NEPERS_PER_DB * snr_db)
    return np.logaddexp(frames, chosen)


def room_tone(dbfs: float, length: int, rng: np.random.Generator) -> np.ndarray:
    """Log-mel frames ``(length, 64)`` of white noise of a level."""
    spread = rng.gumbel(0.0, _TONE_SPREAD, (length, MEL_BINS)).astype(np.float32)
    return white_noise_nats(dbfs, MEL_BINS) - spread


def vary_level(frames: np.ndarray, strength: Strength, rng: np.random.Generator) -> np.ndarray:
    """Quieter, or through a narrow band, down to the room tone of the microphone that takes it up."""
    is_quieter, is_narrow = rng.random(2) < (strength.quieter_share, strength.band_share)
    if not (is_quieter or is_narrow):
        return frames
    if is_quieter:
        frames = frames - np.float32(NEPERS_PER_DB * rng.uniform(0, strength.quieter_db))
    if is_narrow:
        passed = (rng.uniform(*BAND_LOW_HZ) <= _CENTRES_HZ) & (rng.uniform(*BAND_HIGH_HZ) >= _CENTRES_HZ)
        frames = np.where(passed, frames, np.float32(-16))
    return np.logaddexp(frames, room_tone(float(rng.uniform(*ROOM_TONE_DBFS)), len(frames), rng))


def vary_voice(frames: np.ndarray, strength: Strength, tempo: float, rng: np.random.Generator) -> np.ndarray:
    """A copy said faster or slower by another vocal tract.

    Args:
        frames: float32 log-mel ``(T, 64)``.
        strength: how much.
        tempo: where in the range of tempo, 0 to 1.
        rng: the only source of randomness.

    Returns:
        float32 ``(T', 64)``.
    """
    shortest, longest = strength.tempo
    varied = stretch(frames, shortest + (longest - shortest) * tempo)
    return warp(varied, rng.uniform(*strength.vocal_tract)).astype(np.float32, copy=False)


def vary_place(
    frames: np.ndarray, strength: Strength, noises: Sequence[np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """A copy through another channel and in noise; the masks of :func:`mask` come after normalisation.

    Args:
        frames: float32 log-mel ``(T, 64)``.
        strength: how much.
        noises: log-mel clips to mix in; may be empty.
        rng: the only source of randomness.

    Returns:
        float32 ``(T, 64)``.
    """
    varied = equalise(frames, strength, rng)
    if noises and rng.random() < strength.noise_share:
        noise = noises[int(rng.integers(len(noises)))]
        varied = add_noise(varied, noise, rng.uniform(*strength.snr_db), rng)
    varied = vary_level(varied, strength, rng)
    return varied.astype(np.float32, copy=False)


def mask(normalised: np.ndarray, strength: Strength, rng: np.random.Generator) -> None:
    """Blot out random bands and moments of normalised frames ``(T, 64)`` in place, with the mean."""
    for _ in range(strength.mel_masks):
        width = int(rng.integers(strength.mel_mask_bins + 1))
        low = int(rng.integers(MEL_BINS - width + 1))
        normalised[:, low : low + width] = 0
    count = round(strength.time_masks * len(normalised) / 300 + rng.random() - 0.5)
    for _ in range(max(0, count)):
        width = min(int(rng.integers(strength.time_mask_frames + 1)), len(normalised))
        start = int(rng.integers(len(normalised) - width + 1))
        normalised[start : start + width] = 0
