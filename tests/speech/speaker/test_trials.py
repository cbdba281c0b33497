"""Trials and equal error rates, against slow counts."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.speech.speaker.embedder import unit
from azsim.speech.speaker.trials import enrolments, equal_error, scores

SCORES = st.lists(st.integers(-20, 20).map(lambda value: value / 10), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(SCORES, SCORES)
def test_no_threshold_brings_both_errors_nearer(targets: list[float], impostors: list[float]) -> None:
    error, threshold = equal_error(np.array(targets), np.array(impostors))

    def errors(level: float) -> tuple[float, float]:
        missed = sum(score < level for score in targets) / len(targets)
        return missed, sum(score >= level for score in impostors) / len(impostors)

    missed, accepted = errors(threshold)
    assert math.isclose(error, (missed + accepted) / 2)
    assert all(
        abs(missed - accepted) <= abs(a - b) + 1e-12 for a, b in map(errors, {*targets, *impostors})
    )


def test_voices_apart_have_no_error_and_equal_ones_have_half() -> None:
    assert equal_error(np.array([0.9, 0.8]), np.array([0.1, 0.2])) == (0.0, 0.8)
    assert equal_error(np.array([0.5, 0.5]), np.array([0.5]))[0] == 0.5
    assert math.isnan(equal_error(np.array([]), np.array([0.5]))[0])


def test_every_enrolment_meets_every_other_recording() -> None:
    rng = np.random.default_rng(1)
    voices = np.array([unit(each) for each in rng.normal(size=(9, 4))])
    names = [*"aaaa", *"bbbbb"]
    made = scores(voices, names)
    assert len(made.targets) == 4 * 1 + 5 * 2
    assert len(made.impostors) == 4 * 5 + 5 * 4
    profile = unit(voices[[0, 1, 2]].mean(axis=0))
    assert np.isclose(made.targets[0], profile @ voices[3])
    assert np.isclose(made.impostors[0], profile @ voices[4])
    assert made.target_speakers.tolist() == ["a"] * 4 + ["b"] * 10


def test_too_few_recordings_enrol_nobody() -> None:
    assert enrolments(3) == []
    assert len(enrolments(4)) == 4
    assert len(scores(np.eye(3), ["a"] * 3).targets) == 0
