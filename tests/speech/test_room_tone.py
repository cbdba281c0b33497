"""What goes on after a recording: its own quietest stretch, its digital silence, or its steady level."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.speech.features import log_mel
from azsim.speech.room_tone import room_tone

ZEROS = float(np.log(np.finfo(np.float32).eps))


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal(int(16_000 * seconds))).astype(np.float32)


def test_the_rooms_noise_goes_on_at_its_level() -> None:
    features = log_mel(np.concatenate([noise(0.5, 1e-3), noise(1, 0.1), noise(0.5, 1e-3)]))
    tone = room_tone(features, 100)
    assert tone.shape == (100, 64)
    assert tone.dtype == np.float32
    np.testing.assert_allclose(tone.mean(), features[:40].mean(), atol=0.3)


def test_digital_silence_at_the_end_is_no_room() -> None:
    with_zeros = np.concatenate([noise(0.5, 1e-3), noise(1, 0.1), noise(0.5, 1e-3), np.zeros(32_000, np.float32)])
    np.testing.assert_array_equal(room_tone(log_mel(with_zeros), 50), room_tone(log_mel(with_zeros[:32_000]), 50))


def test_speech_between_zeros_is_followed_by_zeros() -> None:
    features = log_mel(np.concatenate([np.zeros(16_000, np.float32), noise(1, 0.1), np.zeros(8_000, np.float32)]))
    np.testing.assert_allclose(room_tone(features, 9), ZEROS, atol=1e-3)
    np.testing.assert_allclose(room_tone(log_mel(np.zeros(16_000, np.float32)), 9), ZEROS, atol=1e-3)


def test_a_recording_of_loud_sound_alone_is_followed_by_its_steady_level() -> None:
    features = log_mel(noise(1, 0.1))
    tone = room_tone(features, 7)
    assert (tone == tone[0]).all()
    assert (tone[0] > features.min(axis=0)).all()
    assert (tone[0] < np.median(features, axis=0)).all()


@pytest.mark.parametrize("frames", [1, 2, 33])
def test_the_shortest_recordings_have_a_tone(frames: int) -> None:
    features = log_mel(noise(1, 0.1))[:frames]
    assert room_tone(features, 80).shape == (80, 64)
    assert room_tone(features, 0).shape == (0, 64)


def test_there_is_no_jump_in_it() -> None:
    features = log_mel(np.concatenate([noise(1, 1e-3), noise(1, 0.1)]))
    tone = room_tone(features, 96)
    np.testing.assert_array_equal(tone[:32], tone[63:31:-1])
    np.testing.assert_array_equal(tone[64:], tone[:32])
