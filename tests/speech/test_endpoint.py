"""The end-point rule against a walk through the steps, and for how long a device listens after a recording."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.speech.endpoint import LONGEST_TAIL_MS, EndPoint, end_point, listening_steps, step_end_ms


def walk(label_steps, steps, silence_ms) -> EndPoint:
    last, labels = None, 0
    for step in range(steps):
        new = label_steps.count(step)
        labels += new
        if new:
            last = step
        elif last is not None and 30 * (step - last) >= silence_ms:
            return EndPoint(step + 1, labels, step_end_ms(step))
    return EndPoint(steps, labels, step_end_ms(steps - 1))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 99), max_size=12).map(sorted), st.integers(100, 140), st.integers(30, 900))
def test_equals_a_walk_through_the_steps(label_steps, steps, silence_ms):
    assert end_point(label_steps, steps, silence_ms) == walk(label_steps, steps, silence_ms)


def test_without_a_label_listening_ends():
    assert end_point([], 50) == EndPoint(50, 0, 1_515)


def test_a_step_ends_with_the_last_sample_of_its_last_frame():
    assert step_end_ms(0) == 45
    assert step_end_ms(10) == 345


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 900), st.integers(-1, 400), st.integers(30, 900), st.sampled_from([1, 2, 4]))
def test_a_device_listens_on_until_the_rule_has_fired(frames, last, silence_ms, every):
    steps = listening_steps(frames, last, silence_ms, every)
    assert steps % every == 0
    assert 30 * steps >= 10 * frames + silence_ms
    longest = 10 * frames + silence_ms + LONGEST_TAIL_MS
    assert 30 * (steps - every) < longest
    if last >= 0 and 30 * last + silence_ms + 60 <= longest:
        assert end_point([last], steps, silence_ms) == EndPoint(
            last + -(-silence_ms // 30) + 1, 1, step_end_ms(last + -(-silence_ms // 30))
        )
