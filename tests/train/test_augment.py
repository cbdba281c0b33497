"""Variation repeats by seed and does what its name says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.nn.normalisation import white_noise_nats
from azsim.speech.features import MEL_BINS, log_mel
from azsim.train.augment import (
    ROOM_TONE_DBFS,
    SYNTHETIC,
    add_noise,
    equalise,
    mask,
    room_tone,
    stretch,
    vary_level,
    vary_place,
    vary_voice,
    warp,
)


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


def test_room_tone_is_white_noise_as_the_front_end_hears_it():
    made = room_tone(-60.0, 400, np.random.default_rng(0))
    noise = np.random.default_rng(1).standard_normal(64_400).astype(np.float32) * np.float32(10 ** (-60 / 20))
    heard = log_mel(noise)
    assert np.abs(made.mean(0) - heard.mean(0)).max() < 0.35
    assert np.abs(made.std(0) - heard.std(0)).max() < 0.35


def test_a_quieter_recording_never_falls_below_the_room_tone_and_a_narrow_one_holds_nothing_else_outside():
    loud = np.full((200, MEL_BINS), 16.0, np.float32)
    quiet = vary_level(loud, replace(SYNTHETIC, quieter_share=1.0), np.random.default_rng(2))
    assert (quiet.mean(0) < 16.5).all()
    assert (quiet > white_noise_nats(ROOM_TONE_DBFS[0], MEL_BINS) - 6).all()
    narrow = vary_level(loud, replace(SYNTHETIC, band_share=1.0), np.random.default_rng(3))
    outside = narrow[:, -8:].mean(0)
    assert (outside < white_noise_nats(ROOM_TONE_DBFS[1], MEL_BINS)[-8:] + 0.5).all()
    assert np.allclose(narrow[:, 25:35].mean(0), 16.0, atol=0.2)
    assert vary_level(loud, SYNTHETIC, np.random.default_rng(4)) is loud
