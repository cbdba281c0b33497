"""The wake word's detector: streams cut anywhere, one word heard once, the card of its file."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.nn.graph.executor import Executor, Model
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.voice_activity import scaled_steps
from azsim.speech.features import STEP_MS
from azsim.speech.wake_detector import DEAF_MS, MEAN_STEPS, WakeDetector, WakeLimits, heard_steps
from tests.speech.wake_graph import detector_network, word_frames

NETWORK = detector_network()
MODEL = Model.in_integers(NETWORK)
LIMITS = WakeLimits(0.7, 90)


def stream() -> np.ndarray:
    rng = np.random.default_rng(3)
    quiet = rng.uniform(-8, 6, (150, 64)).astype(np.float32)
    return np.concatenate([quiet, word_frames(), quiet, word_frames(), quiet])


@given(st.lists(st.integers(0, 100), max_size=8))
@settings(max_examples=25, deadline=None)
def test_what_is_heard_does_not_depend_on_the_pieces(lengths: list[int]) -> None:
    frames = stream()
    whole = WakeDetector(MODEL, NETWORK, LIMITS).feed(frames)
    detector, heard, at = WakeDetector(MODEL, NETWORK, LIMITS), [], 0
    for length in (*lengths, len(frames)):
        heard += detector.feed(frames[at : at + length])
        at += length
    assert heard == whole
    assert len(whole) == 2


def test_the_word_is_heard_while_it_is_said_and_its_end_is_so_much_earlier() -> None:
    first, second = WakeDetector(MODEL, NETWORK, LIMITS).feed(stream())
    assert 150 <= first.time_ms / 10 <= 180 + 10
    assert 330 <= second.time_ms / 10 <= 360 + 10
    for wake in (first, second):
        assert wake.time_ms == step_end_ms(wake.step)
        assert wake.time_ms - wake.end_ms == LIMITS.delay_ms
        assert wake.posterior >= LIMITS.threshold


def test_the_stream_is_heard_as_the_posteriors_of_the_graph_say() -> None:
    source, target = NETWORK.grids["frames"], NETWORK.grids["posterior"]
    fed = source.quantise(scaled_steps(stream()))
    posteriors = target.restore(Executor(MODEL).push({"frames": fed})["posterior"])[:, 0]
    heard = WakeDetector(MODEL, NETWORK, LIMITS).feed(stream())
    assert [wake.step for wake in heard] == heard_steps(posteriors, LIMITS.threshold)


@given(st.lists(st.floats(0, 1), max_size=120), st.floats(0.1, 0.95))
@settings(max_examples=60, deadline=None)
def test_it_is_deaf_for_a_while_and_never_fires_below_the_threshold(posteriors: list[float], threshold: float) -> None:
    steps = heard_steps(np.array(posteriors), threshold)
    padded = np.concatenate([np.zeros(MEAN_STEPS - 1), posteriors])
    for step in steps:
        assert np.mean(padded[step : step + MEAN_STEPS]) >= threshold - 1e-9
    assert all(later - earlier >= DEAF_MS // STEP_MS for earlier, later in pairwise(steps))


def test_the_limits_are_those_of_the_card_where_it_states_them() -> None:
    assert WakeLimits.of_card({"threshold": 0.93, "delay_ms": 75, "steps": 1}) == WakeLimits(0.93, 75)
    assert WakeLimits.of_card({}) == WakeLimits()
    with pytest.raises(AttributeError):
        WakeLimits().threshold = 1.0
