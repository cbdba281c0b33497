"""The front end in pieces, and what it does with the tail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.speech.frontend import FeatureQuantiser, Stacker, stacked


@pytest.fixture(params=["global", "running-level"])
def quantiser(tiny_network, request) -> FeatureQuantiser:
    return FeatureQuantiser(replace(tiny_network, normalisation=request.param), 4 / 127)


@pytest.mark.parametrize("frames", [1, 7, 48, 77])
@pytest.mark.parametrize("piece", [1, 5, 1000])
def test_pieces_equal_whole(quantiser, frames, piece):
    features = np.random.default_rng(frames).normal(5, 3, (frames, 64)).astype(np.float32)
    stacker = Stacker(quantiser, 3)
    steps = np.concatenate([stacker.feed(features[start : start + piece]) for start in range(0, frames, piece)])
    assert stacker.frames == frames
    assert len(steps) == frames // 3
    assert np.array_equal(steps, stacked(quantiser(features), 3, 1)[: frames // 3])


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
