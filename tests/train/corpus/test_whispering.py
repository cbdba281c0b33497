"""Whispers have no pitch, and the envelope of the voice; linear prediction against a slow one."""

from __future__ import annotations

import builtins
from collections.abc import Callable

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.train.corpus.whispering import ORDER, WINDOW, by_lpc, by_world, envelope

PITCH_HZ = 125


@pytest.fixture
def vowel() -> np.ndarray:
    """Pulses through two resonances."""
    count = SAMPLE_RATE_HZ
    pulses = np.zeros(count)
    pulses[:: SAMPLE_RATE_HZ // PITCH_HZ] = 1
    spectrum, bins = np.fft.rfft(pulses), np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ)
    shape = sum(1 / (1 + ((bins - hz) / 80) ** 2) for hz in (600, 1500))
    sound = np.fft.irfft(spectrum * shape, count)
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


def pitch_strength(sound: np.ndarray) -> float:
    """Correlation of the sound with itself a period later."""
    lag = SAMPLE_RATE_HZ // PITCH_HZ
    return float(np.corrcoef(sound[:-lag], sound[lag:])[0, 1])


def test_a_whisper_has_no_pitch_is_weaker_and_as_long(vowel: np.ndarray) -> None:
    made = by_lpc(vowel, np.random.default_rng(1))
    assert made.shape == vowel.shape
    assert made.dtype == np.float32
    assert pitch_strength(vowel) > 0.9
    assert abs(pitch_strength(made)) < 0.2
    assert 8 <= 20 * np.log10(vowel.std() / made.std()) <= 24


def test_a_seed_repeats_it_and_silence_stays(vowel: np.ndarray) -> None:
    one, other = (by_lpc(vowel, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one, other)
    assert not by_lpc(np.zeros(4000, np.float32), np.random.default_rng(1)).any()


def test_the_envelope_is_that_of_solved_equations() -> None:
    rng = np.random.default_rng(2)
    frames = np.cumsum(rng.normal(size=(3, WINDOW)), axis=1) * np.hanning(WINDOW)
    for frame, found in zip(frames, envelope(frames), strict=True):
        lags = np.array([frame[: WINDOW - lag] @ frame[lag:] for lag in range(ORDER + 1)])
        lags[0] = lags[0] * (1 + 1e-6) + 1e-12
        matrix = lags[np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))]
        weights = np.concatenate([[1], -np.linalg.solve(matrix, lags[1:])])
        error = lags @ weights
        exact = np.sqrt(error / WINDOW) / np.abs(np.fft.rfft(weights, WINDOW))
        assert np.allclose(found, exact, rtol=1e-5)


def test_world_whispers_too_where_it_is_installed(vowel: np.ndarray) -> None:
    pytest.importorskip("pyworld", reason="needs pyworld", exc_type=ImportError)
    made = by_world(vowel, np.random.default_rng(1))
    assert made.shape == vowel.shape
    assert abs(pitch_strength(made)) < 0.3


def test_what_lacks_without_world_is_said(vowel: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., object] = builtins.__import__

    def missing(name: str, *rest: object, **named: object) -> object:
        if name == "pyworld":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(InputError, match="pyworld cannot be imported"):
        by_world(vowel, np.random.default_rng(1))
