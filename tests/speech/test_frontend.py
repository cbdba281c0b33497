"""The front end in pieces, and what it does with the tail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.speech.features import log_mel
from azsim.speech.frontend import FeatureQuantiser, Frontend, stacked


@pytest.fixture(params=["global", "running-level"])
def quantiser(tiny_network, request) -> FeatureQuantiser:
    return FeatureQuantiser(replace(tiny_network, normalisation=request.param), 4 / 127)


@pytest.mark.parametrize("samples", [400, 1_000, 8_000, 12_345])
@pytest.mark.parametrize("piece", [160, 999, 100_000])
def test_pieces_equal_whole(quantiser, samples, piece):
    sound = (0.1 * np.random.default_rng(samples).standard_normal(samples)).astype(np.float32)
    frontend = Frontend(quantiser, 3, 2)
    parts = [frontend.feed(sound[start : start + piece]) for start in range(0, samples, piece)]
    steps = np.concatenate([*parts, frontend.finish()])
    whole = stacked(quantiser(log_mel(sound)), 3, 2)
    assert np.array_equal(steps, whole)
    assert np.array_equal(frontend.log_mel, log_mel(sound))
    assert len(steps) == 2 * -(-frontend.frames // 6)


def test_the_tail_is_filled_with_zeros():
    steps = stacked(np.ones((7, 64), np.int8), 3, 2)
    assert steps.shape == (4, 192)
    assert steps.sum() == 7 * 64
    assert not steps[3].any()


def test_features_beyond_the_clip_saturate(tiny_network):
    quantiser = FeatureQuantiser(tiny_network, 4 / 127)
    mean, inv_std = tiny_network.parameters["frontend.mean"], tiny_network.parameters["frontend.inv_std"]
    frames = np.stack([mean, mean + 4 / inv_std, mean + 100 / inv_std, mean - 100 / inv_std])
    assert quantiser(frames)[:, 0].tolist() == [0, 127, 127, -127]


def test_two_recordings_do_not_share_a_level(tiny_network):
    quantiser = FeatureQuantiser(replace(tiny_network, normalisation="running-level"), 4 / 127)
    frames = np.random.default_rng(1).normal(12, 3, (50, 64)).astype(np.float32)
    first = quantiser(frames)
    quantiser(frames + 9)
    assert np.array_equal(quantiser(frames), first)
