from __future__ import annotations

import numpy as np
import pytest

from azsim.train.corpus.wake_scene import Take, compose, opening, recorded_take, synthetic_take


def tone(hertz: float, seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(16_000 * seconds)) / 16_000).astype(np.float32)


def take(hertz: float, seconds: float) -> Take:
    silence = np.zeros(3_200, np.float32)
    return synthetic_take(np.concatenate([silence, tone(hertz, seconds), silence]), f"{hertz:g}")


def level_db(samples: np.ndarray, hertz: float) -> float:
    """Of one frequency in a stretch of sound."""
    at = np.arange(len(samples))
    return 20 * np.log10(np.abs(np.mean(samples * np.exp(-2j * np.pi * hertz * at / 16_000))) + 1e-9)


WAKE, COMMAND, RIVAL = take(500, 0.6), take(900, 1.5), take(2000, 1.1)


def stretch(stream, begin_ms: int, end_ms: int) -> np.ndarray:
    return stream.samples[begin_ms * 16 : end_ms * 16]


@pytest.mark.parametrize("seed", range(6))
def test_word_command_and_rival_are_where_the_stream_says(seed: int):
    stream = compose(WAKE, COMMAND, RIVAL, 5.0, np.random.default_rng(seed))
    assert stream.speech_start_ms - stream.wake_end_ms >= 100
    assert abs(stream.speech_end_ms - stream.speech_start_ms - 1500) <= 20
    spoken = stretch(stream, stream.speech_start_ms, stream.speech_end_ms)
    woken = stretch(stream, stream.wake_end_ms - 600, stream.wake_end_ms)
    assert level_db(woken, 500) > level_db(woken, 900) + 20
    assert level_db(spoken, 900) > level_db(spoken, 500) + 10
    assert level_db(spoken, 2000) == pytest.approx(level_db(spoken, 900) - 5, abs=2.5)
    after = stretch(stream, stream.speech_end_ms + 300, len(stream.samples) // 16)
    assert level_db(after, 2000) > level_db(after, 900) + 20
    assert np.abs(stream.samples).max() < 1.01


def test_the_same_seed_gives_the_same_stream_with_and_without_a_rival():
    quiet, loud = (compose(WAKE, COMMAND, r, 0.0, np.random.default_rng(3)) for r in (None, RIVAL))
    bounds = [(s.wake_end_ms, s.speech_start_ms, s.speech_end_ms, len(s.samples)) for s in (quiet, loud)]
    assert bounds[0] == bounds[1]
    again = compose(WAKE, COMMAND, RIVAL, 0.0, np.random.default_rng(3))
    assert np.array_equal(again.samples, loud.samples)
    other = compose(take(700, 0.6), COMMAND, RIVAL, 0.0, np.random.default_rng(3))
    assert (other.wake_end_ms, other.speech_start_ms) == bounds[0][:2]


def test_a_rival_may_begin_after_the_wake_word():
    heard_before = []
    for seed in range(12):
        stream = compose(WAKE, COMMAND, RIVAL, 0.0, np.random.default_rng(seed))
        heard_before.append(level_db(stretch(stream, stream.wake_end_ms - 500, stream.wake_end_ms), 2000) > -50)
    assert {True, False} == set(heard_before)


def test_takes_are_trimmed_and_openings_end_in_a_pause(spoken: np.ndarray):
    whole = recorded_take(spoken, "s")
    assert len(whole.samples) == 8_000 + 2 * 320
    assert (whole.begin, whole.finish, whole.speaker) == (320, 8_320, "s")
    paused = np.concatenate([tone(300, 0.7), np.zeros(1_600, np.float32), tone(300, 1.0)])
    start = opening(Take(paused, 0, len(paused), "s"))
    assert 11_200 < start.finish <= 12_800
    assert len(start.samples) == start.finish
    short = Take(tone(300, 0.4), 0, 6_400, "s")
    assert opening(short) is short
