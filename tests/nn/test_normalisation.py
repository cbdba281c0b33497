"""Features against a level that is tracked: no look-ahead, loudness drops out, in pieces as whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.nn.normalisation import (
    DEPTH_NATS,
    FALL_SHIFT,
    FLOOR_DBFS,
    RISE_SHIFT,
    RunningLevel,
    cycles_per_frame,
    normalised,
    white_noise_nats,
)
from azsim.speech.features import log_mel


def speech_like(frames: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (12 + 3 * np.cumsum(rng.normal(0, 0.3, (frames, 64)), 0) / 2).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.lists(st.integers(0, 60), max_size=4))
def test_pieces_equal_whole(frames: int, cuts: list[int]):
    whole = speech_like(frames, frames)
    level = RunningLevel()
    parts = [level(part) for part in np.split(whole, sorted(min(cut, frames) for cut in cuts))]
    assert np.array_equal(np.concatenate(parts), RunningLevel()(whole))


def test_nothing_looks_ahead():
    frames = speech_like(50)
    changed = frames.copy()
    changed[30:] += 5
    assert np.array_equal(RunningLevel()(frames)[:30], RunningLevel()(changed)[:30])


def test_a_gain_in_whole_steps_changes_nothing_above_the_floor():
    frames = speech_like(80) + 20
    assert np.array_equal(RunningLevel()(frames), RunningLevel()(frames - np.float32(6.5)))


def test_it_agrees_with_a_plain_loop_over_whole_numbers():
    frames = speech_like(40)
    level: list[int] = []
    expected = np.empty(frames.shape)
    floor = white_noise_nats(FLOOR_DBFS, 64)
    for t, frame in enumerate(np.maximum(frames, floor)):
        steps = [int(np.rint(np.float32(value) * np.float32(256))) * 512 for value in frame]
        level = level or list(steps)
        for k, here in enumerate(steps):
            difference = here - level[k]
            level[k] += difference // 2 ** (RISE_SHIFT if difference > 0 else FALL_SHIFT)
            expected[t, k] = max((here - level[k]) / (256 * 512), -DEPTH_NATS)
    assert np.allclose(RunningLevel()(frames), expected, atol=1e-6)


def test_the_floor_is_white_noise_as_the_front_end_hears_it():
    noise = np.random.default_rng(0).standard_normal(64_000).astype(np.float32) * np.float32(10 ** (-60 / 20))
    heard = np.log(np.exp(log_mel(noise).astype(np.float64)).mean(0))
    assert np.abs(heard - white_noise_nats(-60.0, 64)).max() < 0.25


def test_digital_silence_is_no_further_below_room_tone_than_the_floor():
    silence = np.full((20, 64), -15.9, np.float32)
    assert np.array_equal(RunningLevel()(silence), np.zeros((20, 64), np.float32))


def test_global_leaves_features_alone_and_costs_nothing():
    frames = speech_like(5)
    assert np.array_equal(normalised(frames, "global"), frames)
    assert cycles_per_frame("global", 64) == 0
    assert cycles_per_frame("running-level", 64) > 0
