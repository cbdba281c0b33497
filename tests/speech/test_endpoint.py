"""The end-point rule against a walk through the steps, and the estimated end of speech."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.speech.endpoint import EndPoint, end_point, estimated_speech_end_ms, step_end_ms


def walk(label_steps, steps, audio_ms) -> EndPoint:
    last, labels = None, 0
    for step in range(steps):
        new = label_steps.count(step)
        labels += new
        if new:
            last = step
        elif last is not None and 30 * (step - last) >= 480:
            return EndPoint(step + 1, labels, step_end_ms(step, audio_ms))
    return EndPoint(steps, labels, audio_ms)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 99), max_size=12).map(sorted), st.integers(100, 140))
def test_equals_a_walk_through_the_steps(label_steps, steps):
    assert end_point(label_steps, steps, 30 * steps + 15) == walk(label_steps, steps, 30 * steps + 15)


def test_silence_ends_with_the_audio():
    assert end_point([], 50, 1_500) == EndPoint(50, 0, 1_500)


def test_a_step_ends_with_the_last_sample_of_its_last_frame():
    assert step_end_ms(0, 10_000) == 45
    assert step_end_ms(10, 10_000) == 345
    assert step_end_ms(10, 340) == 340


def test_the_last_loud_frame_ends_the_speech():
    features = np.full((300, 64), 4.0)
    features[50:200] = 12.0
    assert estimated_speech_end_ms(features, 3_015) == 199 * 10 + 25
    assert estimated_speech_end_ms(np.full((300, 64), 4.0), 3_015) == 3_015
