"""Channels: length and timing stay, and each does what it is there for."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.speech.features import log_mel
from azsim.train.corpus.channel import CHANNELS, echoed, filtered, telephone
from azsim.train.corpus.music import compose


def speech_like(seconds: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    times_s = np.arange(int(16_000 * seconds)) / 16_000
    sound = sum(np.sin(2 * np.pi * 120 * k * times_s + k) / k for k in range(1, 50)) * (1 + np.sin(8 * times_s))
    return (0.1 * sound + 0.02 * rng.standard_normal(len(times_s))).astype(np.float32)


@pytest.mark.parametrize("name", list(CHANNELS))
def test_a_channel_keeps_length_and_timing_and_is_seeded(name: str):
    sound = speech_like()
    heard, again = (CHANNELS[name](sound, np.random.default_rng(1)) for _ in range(2))
    assert heard.shape == sound.shape
    assert heard.dtype == np.float32
    assert np.array_equal(heard, again)
    around = range(-40, 41)
    match = [float(sound[1000:9000] @ heard[1000 + lag : 9000 + lag]) for lag in around]
    assert abs(around[int(np.argmax(match))]) <= 2
    assert not np.array_equal(heard, sound)


def test_a_telephone_leaves_nothing_above_its_band():
    sound = speech_like()
    before, after = (log_mel(each).mean(0) for each in (sound, telephone(sound, np.random.default_rng(2))))
    assert (after[-8:] < before[-8:] - 4).all()
    assert abs(float((after - before)[20:35].mean())) < 1


def test_filtered_passes_what_lies_between():
    times_s = np.arange(16_000) / 16_000
    passed, stopped = (np.sin(2 * np.pi * hertz * times_s).astype(np.float32) for hertz in (1000, 5000))
    assert np.allclose(filtered(passed, 300, 3400), passed, atol=1e-3)
    assert np.abs(filtered(stopped, 300, 3400)).max() < 1e-3


def test_echo_lies_below_the_speech_as_far_as_drawn():
    track = compose(3, 2.0, 16_000).mean(axis=1)
    sound = speech_like()
    speech_rms = float(np.sqrt(np.mean(sound**2)))
    left = echoed(sound, speech_rms, track, np.random.default_rng(5)) - sound
    below_db = 20 * np.log10(speech_rms / np.sqrt(np.mean(left**2)))
    assert 10 <= below_db <= 30
