"""Active level does not depend on silence; channels are averaged unless they cancel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.speech.level import ChannelChoice, LevelMeter, active_rms, dbfs

SPEECH = np.random.default_rng(7).standard_normal(8_000).astype(np.float32)


@given(st.integers(0, 20_000), st.integers(0, 20_000), st.floats(1e-6, 10))
def test_silence_around_speech_does_not_change_its_level(before: int, after: int, scale: float) -> None:
    padded = np.pad(scale * SPEECH, (before, after))
    assert active_rms(padded) == pytest.approx(scale * active_rms(SPEECH), rel=1e-5)


def test_levels_in_decibels() -> None:
    assert dbfs(1.0) == 0
    assert dbfs(0.1) == pytest.approx(-20)
    assert dbfs(active_rms(np.zeros(10, np.float32))) == -math.inf


@pytest.mark.parametrize(
    ("gains", "wanted"),
    [
        ((1, 1), None),
        ((1, 0), None),
        ((1, 0.2), None),
        ((1, -1), 0),
        ((0.3, -1), 1),
        ((1, -0.3), 0),
        ((1, 1, -1), None),
    ],
)
def test_the_loudest_channel_where_the_sum_is_weaker(gains: tuple[float, ...], wanted: int | None) -> None:
    choice = ChannelChoice(len(gains))
    for block in np.array_split(SPEECH[:, None] * np.array(gains, np.float32), 3):
        choice.feed(block)
    assert choice.channel == wanted


@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=6), st.floats(1e-5, 10))
def test_a_meter_of_blocks_agrees_with_the_level_of_all(sizes: list[int], scale: float) -> None:
    meter, sound = LevelMeter(), (scale * SPEECH[: sum(sizes)]).astype(np.float32)
    for block in np.split(sound, np.cumsum(sizes)[:-1]):
        meter.feed(block)
    assert abs(dbfs(meter.active_rms) - dbfs(active_rms(sound))) < 0.1


def test_a_meter_of_silence_says_silence() -> None:
    meter = LevelMeter()
    meter.feed(np.zeros(100, np.float32))
    assert meter.active_rms == 0
