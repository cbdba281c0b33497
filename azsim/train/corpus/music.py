"""A small composer: seeded tracks with chords, bass, melody and drums.

::

    seed ─> key, tempo, style ─> chords ─┬─> pad / organ / pluck
                                         ├─> bass            ──> stereo mix
                                         ├─> melody
                                         └─> drums

Every note is made of sines and noise here, so the result belongs to the project.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PROGRESSIONS = ((0, 4, 5, 3), (0, 5, 3, 4), (5, 3, 0, 4), (0, 3, 5, 4), (0, 2, 3, 4))
MAJOR = (0, 2, 4, 5, 7, 9, 11)
BEATS_PER_BAR = 4


@dataclass(frozen=True)
class Timbre:
    """An instrument: levels of its harmonics, attack and decay, and a tremble.

    ``decay_s`` of 0 holds the note until it ends.
    """

    harmonics: tuple[float, ...]
    attack_s: float
    decay_s: float
    vibrato: float = 0.0


PAD = Timbre((1.0, 0.5, 0.25, 0.12, 0.06), 0.25, 0.0, 0.004)
ORGAN = Timbre((1.0, 0.8, 0.0, 0.6, 0.0, 0.3), 0.01, 0.0)
PLUCK = Timbre((1.0, 0.6, 0.4, 0.3, 0.2, 0.12, 0.08), 0.003, 0.35)
BELL = Timbre((1.0, 0.0, 0.4, 0.0, 0.25, 0.0, 0.1), 0.002, 0.7)
REED = Timbre((1.0, 0.1, 0.6, 0.08, 0.35, 0.05, 0.2), 0.04, 0.0, 0.006)
BASS = Timbre((1.0, 0.5, 0.2, 0.1), 0.005, 0.5)


def compose(seed: int, duration_s: float, rate_hz: int) -> np.ndarray:
    """A track of the given length.

    Returns:
        float32 array of shape ``(samples, 2)`` with a peak of 0.9.
    """
    rng = np.random.default_rng([seed, 0x6D75])
    samples = int(duration_s * rate_hz)
    beat_s = 60.0 / float(rng.integers(78, 136))
    root = int(rng.integers(45, 57))
    progression = PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))]
    chord_timbre = (PAD, ORGAN, PLUCK)[int(rng.integers(3))]
    melody_timbre = (BELL, REED, PLUCK)[int(rng.integers(3))]
    mix = np.zeros((samples + rate_hz * 4, 2), np.float32)
    motif = rng.integers(-2, 5, size=8)
    bars = int(np.ceil(duration_s / (beat_s * BEATS_PER_BAR)))
    for bar in range(bars):
        start_s = bar * beat_s * BEATS_PER_BAR
        degree = progression[bar % len(progression)]
        _play_chord(mix, rate_hz, start_s, beat_s, root, degree, chord_timbre)
        for beat in (0.0, 1.5, 2.0, 3.0):
            note = _tone(_pitch_hz(root - 12, degree), beat_s * 0.9, rate_hz, BASS)
            _add(mix, rate_hz, start_s + beat * beat_s, 0.35 * note, 0.0)
        if bar >= 2:
            _play_melody(mix, rate_hz, start_s, beat_s, root, degree, melody_timbre, motif, rng)
        if bar >= 1:
            _play_drums(mix, rate_hz, start_s, beat_s, rng)
    track = mix[:samples]
    fade = min(samples, rate_hz // 2)
    track[samples - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)[:, None]
    return (track * (0.9 / max(float(np.abs(track).max()), 1e-9))).astype(np.float32)


def _play_chord(
    mix: np.ndarray, rate_hz: int, start_s: float, beat_s: float, root: int, degree: int, timbre: Timbre
) -> None:
    strokes = (0.0, 1.0, 2.0, 3.0) if timbre.decay_s else (0.0,)
    length_s = beat_s if timbre.decay_s else beat_s * BEATS_PER_BAR
    for stroke in strokes:
        for voice, pan in zip((0, 2, 4), (-0.5, 0.1, 0.6), strict=True):
            note = _tone(_pitch_hz(root, degree + voice), length_s, rate_hz, timbre)
            _add(mix, rate_hz, start_s + stroke * beat_s, 0.13 * note, pan)


def _play_melody(
    mix: np.ndarray,
    rate_hz: int,
    start_s: float,
    beat_s: float,
    root: int,
    degree: int,
    timbre: Timbre,
    motif: np.ndarray,
    rng: np.random.Generator,
) -> None:
    for eighth in range(BEATS_PER_BAR * 2):
        if rng.random() < 0.35:
            continue
        step = degree + int(motif[eighth]) + (int(rng.integers(-1, 2)) if rng.random() < 0.2 else 0)
        note = _tone(_pitch_hz(root + 12, step), beat_s * 0.55, rate_hz, timbre)
        _add(mix, rate_hz, start_s + eighth * beat_s / 2, 0.22 * note, 0.25)


def _play_drums(mix: np.ndarray, rate_hz: int, start_s: float, beat_s: float, rng: np.random.Generator) -> None:
    times_s = np.arange(int(0.25 * rate_hz)) / rate_hz
    kick = np.sin(2 * np.pi * (50 * times_s + 6 * (1 - np.exp(-times_s / 0.03)))) * np.exp(-times_s / 0.09)
    for eighth in range(BEATS_PER_BAR * 2):
        at_s = start_s + eighth * beat_s / 2
        if eighth in (0, 4):
            _add(mix, rate_hz, at_s, 0.6 * kick, 0.0)
        if eighth in (2, 6):
            crack = rng.standard_normal(len(times_s)) * np.exp(-times_s / 0.05)
            skin = np.sin(2 * np.pi * 185 * times_s) * np.exp(-times_s / 0.05)
            _add(mix, rate_hz, at_s, 0.13 * crack + 0.15 * skin, 0.1)
        hiss = np.diff(rng.standard_normal(len(times_s) + 1)) * np.exp(-times_s / 0.015)
        _add(mix, rate_hz, at_s, 0.05 * hiss, -0.3)


def _tone(frequency_hz: float, duration_s: float, rate_hz: int, timbre: Timbre) -> np.ndarray:
    times_s = np.arange(int(duration_s * rate_hz)) / rate_hz
    phase = 2 * np.pi * frequency_hz * times_s
    if timbre.vibrato:
        phase = phase + timbre.vibrato * frequency_hz / 5.0 * np.sin(2 * np.pi * 5.0 * times_s)
    sound = np.zeros(len(times_s))
    for number, level in enumerate(timbre.harmonics, start=1):
        if level and frequency_hz * number < rate_hz * 0.45:
            sound += level * np.sin(number * phase)
    envelope = np.minimum(1.0, times_s / timbre.attack_s)
    if timbre.decay_s:
        envelope = envelope * np.exp(-times_s / timbre.decay_s)
    release = np.minimum(1.0, (duration_s - times_s) / 0.02)
    return sound * envelope * release


def _pitch_hz(root: int, degree: int) -> float:
    octave, step = divmod(degree, len(MAJOR))
    return 440.0 * 2 ** ((root + 12 * octave + MAJOR[step] - 69) / 12)


def _add(mix: np.ndarray, rate_hz: int, at_s: float, sound: np.ndarray, pan: float) -> None:
    start = int(at_s * rate_hz)
    count = min(len(sound), len(mix) - start)
    if count <= 0:
        return
    mix[start : start + count, 0] += (sound[:count] * np.sqrt((1 - pan) / 2)).astype(np.float32)
    mix[start : start + count, 1] += (sound[:count] * np.sqrt((1 + pan) / 2)).astype(np.float32)
