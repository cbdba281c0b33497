"""Log-mel features against the filter bank in plain NumPy, and what follows from their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS, MEL_BINS, SAMPLE_RATE_HZ, STEP_MS, LogMel, log_mel

HOP, LENGTH, FFT = 160, 400, 512
FLOOR = np.finfo(np.float32).eps


def sound(samples: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.05 * rng.standard_normal(samples) + 0.2 * np.sin(np.arange(samples) / 7)).astype(np.float32)


def mel(hertz: np.ndarray | float) -> np.ndarray:
    return 1127 * np.log1p(np.asarray(hertz) / 700)


def plain_log_mel(samples: np.ndarray) -> np.ndarray:
    """Kaldi's recipe: mean off, pre-emphasis 0.97, Povey's window, power spectrum, triangles in mel, logarithm."""
    edges = np.linspace(mel(20), mel(7600), MEL_BINS + 2)
    bins = mel(np.arange(FFT // 2) * SAMPLE_RATE_HZ / FFT)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(LENGTH) / (LENGTH - 1))) ** 0.85
    frames = []
    for start in range(0, len(samples) - LENGTH + 1, HOP):
        frame = samples[start : start + LENGTH].astype(np.float64) * 32768
        frame -= frame.mean()
        frame -= 0.97 * np.concatenate([frame[:1], frame[:-1]])
        power = np.abs(np.fft.rfft(frame * window, FFT)[: FFT // 2]) ** 2
        frames.append(np.log(np.maximum(triangles @ power, FLOOR)))
    return np.array(frames)


def test_the_filter_bank_is_kaldis() -> None:
    samples = sound(3000)
    found = log_mel(samples)
    assert found.dtype == np.float32
    assert np.abs(found - plain_log_mel(samples)).max() < 5e-3


@pytest.mark.parametrize("samples", [0, 1, 399, 400, 559, 560, 4321])
def test_frames_are_whole(samples: int) -> None:
    assert log_mel(sound(samples)).shape == (max(0, 1 + (samples - LENGTH) // HOP), MEL_BINS)


def test_a_hop_later_is_the_next_frame_and_nothing_is_random() -> None:
    samples = sound(2000)
    whole = log_mel(samples)
    np.testing.assert_array_equal(log_mel(samples), whole)
    np.testing.assert_allclose(log_mel(samples[HOP:]), whole[1:], atol=1e-5)


def test_twice_as_loud_is_four_times_the_power() -> None:
    samples = sound(2000)
    np.testing.assert_allclose(log_mel(2 * samples) - log_mel(samples), np.log(4), atol=1e-3)


def test_silence_is_the_floor_and_a_constant_is_silence() -> None:
    np.testing.assert_allclose(log_mel(np.zeros(800, np.float32)), np.log(FLOOR), rtol=1e-4)
    assert log_mel(np.full(800, 0.5, np.float32)).max() < 0  # the loudest sound has about 25


def test_a_tone_is_loudest_in_the_band_it_lies_in() -> None:
    edges = np.linspace(mel(20), mel(7600), MEL_BINS + 2)
    for hertz in (300, 1000, 3000, 6000):
        tone = 0.3 * np.sin(2 * np.pi * hertz * np.arange(1600) / SAMPLE_RATE_HZ).astype(np.float32)
        loudest = log_mel(tone).mean(axis=0).argmax()
        assert edges[loudest] < mel(hertz) < edges[loudest + 2]


def test_times_agree() -> None:
    assert FRAME_SHIFT_MS * SAMPLE_RATE_HZ == 1000 * HOP
    assert FRAME_LENGTH_MS * SAMPLE_RATE_HZ == 1000 * LENGTH
    assert STEP_MS % FRAME_SHIFT_MS == 0


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 20_000), max_size=12))
def test_pieces_of_any_size_give_the_same_frames(cuts):
    samples = sound(20_000)
    stream = LogMel()
    pieces = [stream.feed(piece) for piece in np.split(samples, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate(pieces), log_mel(samples))
    assert stream.frames == len(log_mel(samples))
