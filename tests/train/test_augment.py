"""Variation repeats by seed and does what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.train.augment import SYNTHETIC, add_noise, equalise, mask, stretch, vary_place, vary_voice, warp


@pytest.fixture
def speech() -> np.ndarray:
    return np.random.default_rng(0).normal(10, 3, (120, 64)).astype(np.float32)


def test_same_seed_same_result(speech: np.ndarray):
    noise = [np.full((50, 64), 8, np.float16)]

    def varied(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return vary_place(vary_voice(speech, SYNTHETIC, 0.3, rng), SYNTHETIC, noise, rng)

    once, again, other = varied(5), varied(5), varied(6)
    assert np.array_equal(once, again)
    assert once.shape != other.shape or not np.array_equal(once, other)
    assert once.dtype == np.float32


def test_stretch_changes_duration_and_keeps_still_sound(speech: np.ndarray):
    assert len(stretch(speech, 1.25)) == 150
    assert np.allclose(stretch(np.ones((10, 64), np.float32), 0.8), 1)
    assert np.array_equal(stretch(speech, 1.0), speech)


def test_warp_moves_a_peak_in_the_stated_direction():
    frames = np.zeros((1, 64), np.float32)
    frames[0, 30] = 10
    assert warp(frames, 1.12)[0].argmax() > 30 > warp(frames, 0.88)[0].argmax()
    assert np.allclose(warp(frames, 1.0), frames, atol=1e-4)


def test_equaliser_adds_one_curve_to_all_frames(speech: np.ndarray):
    shift = equalise(speech, SYNTHETIC, np.random.default_rng(1)) - speech
    assert np.allclose(shift, shift[0], atol=1e-4)


def test_noise_sits_at_the_ratio_asked_for():
    speech = np.full((100, 64), 10, np.float32)
    mixed = add_noise(speech, np.full((7, 64), -3, np.float16), 0.0, np.random.default_rng(0))
    assert np.allclose(mixed, 10 + np.log(2), atol=1e-3)
    quiet = add_noise(speech, np.full((7, 64), -3, np.float16), 60.0, np.random.default_rng(0))
    assert np.allclose(quiet, 10, atol=1e-3)


def test_masks_put_the_mean_in_place(speech: np.ndarray):
    masked = speech.copy()
    mask(masked, SYNTHETIC, np.random.default_rng(3))
    changed = masked != speech
    assert changed.any()
    assert (masked[changed] == 0).all()
