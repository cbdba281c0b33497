"""Decisions of stretches of speech, and a stream that may be cut anywhere."""

from __future__ import annotations

from functools import partial

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.nn.graph.executor import Model
from azsim.speech.turn_taking.directed import (
    APART_STEPS,
    LEAST_STEPS,
    DirectedSpeech,
    TurnLimits,
    decisions,
)
from azsim.speech.turn_taking.people import simulate
from azsim.speech.turn_taking.tracks import steps_of
from tests.speech.turn_taking.graph import integers_of_facing, loud, quiet

LIMITS = TurnLimits(0.6, after_steps=10)


def stretch(speech: list[int], directed: float) -> np.ndarray:
    """Posteriors: so many steps of speech, so many without, in turn."""
    voiced = np.concatenate([np.full(n, 1 - i % 2) for i, n in enumerate(speech)])
    return np.stack([voiced * 0.98 + 0.01, np.full(len(voiced), directed)], axis=1)


def test_a_stretch_is_decided_once_when_enough_was_heard() -> None:
    for directed in (0.59, 0.61):
        found = decisions(stretch([0, 7, 40, 30, 25, 40], directed), LIMITS)
        assert [(each.first_step, each.step) for each in found] == [(7, 16), (77, 86)] or len(found) == 2
        assert [each.directed for each in found] == [directed > 0.6] * 2


def test_a_pause_within_does_not_make_two() -> None:
    (found,) = decisions(stretch([6, APART_STEPS - 1, 6, 40], 0.9), LIMITS)
    assert (found.first_step, found.step) == (0, 6 + APART_STEPS - 1 + 3)


def test_short_speech_is_decided_at_its_end_and_less_is_none() -> None:
    (found,) = decisions(stretch([LEAST_STEPS, 40], 0.9), LIMITS)
    assert found.step == LEAST_STEPS + APART_STEPS - 1
    assert decisions(stretch([LEAST_STEPS - 1, 40], 0.9), LIMITS) == []


def test_the_mean_is_that_of_the_steps_of_speech() -> None:
    posteriors = stretch([5, 5, 10, 30], 0.0)
    posteriors[:5, 1], posteriors[5:10, 1], posteriors[10:15, 1] = 1.0, 0.123, 0.5
    (found,) = decisions(posteriors, LIMITS)
    assert found.posterior == 0.75
    truth = np.zeros(50)
    truth[10:40] = 1
    (other,) = decisions(posteriors, LIMITS, truth)
    assert other.posterior == 0.25


def test_a_card_states_the_threshold() -> None:
    assert TurnLimits.of_card({"threshold": 0.3}).threshold == 0.3
    assert TurnLimits.of_card({"threshold": "x"}) == TurnLimits()


@given(st.lists(st.integers(0, 300), max_size=5))
@settings(max_examples=12, deadline=None)
def test_posteriors_do_not_depend_on_the_pieces(cuts: list[int]) -> None:
    integers = integers_of_facing()
    model = Model.in_integers(integers)
    seen = partial(steps_of, simulate([], 2, 3_000, np.random.default_rng(1)))
    frames = np.concatenate([quiet(90), loud(120), quiet(91)])
    whole = DirectedSpeech(model, integers, seen).feed(frames)
    assert whole.shape == (100, 2)
    stream = DirectedSpeech(model, integers, seen)
    pieces = np.concatenate([stream.feed(piece) for piece in np.split(frames, sorted(cuts))])
    np.testing.assert_array_equal(whole, pieces)
    assert (whole[35:65, 0] > 0.5).all()
    assert (whole[:25, 0] < 0.5).all()
