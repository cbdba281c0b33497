"""Which steps hold speech, by their energy."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.speech.speaker.gate import SpeechGate
from tests.speech.speaker.voices import frames_of


def said(*parts: tuple[int, int]) -> np.ndarray:
    return np.concatenate([frames_of(voice, length, seed) for seed, (voice, length) in enumerate(parts)])


def test_speech_passes_and_the_room_does_not() -> None:
    flags = SpeechGate().feed(said((-1, 90), (0, 60), (-1, 60), (1, 60)))
    assert flags.tolist() == [False] * 30 + [True] * 20 + [False] * 20 + [True] * 20


def test_speech_from_the_first_step_on_passes() -> None:
    assert SpeechGate().feed(said((0, 60))).all()


def test_digital_silence_and_a_faint_room_hold_none() -> None:
    assert not SpeechGate().feed(np.full((90, 64), -15.9, np.float32)).any()
    assert not SpeechGate().feed(said((-1, 300))).any()


def test_what_is_far_below_the_loudest_is_none() -> None:
    loud = said((-1, 30), (0, 60))
    faint = frames_of(0, 30) - np.float32(32 * np.log(10) / 10)
    assert not SpeechGate().feed(np.concatenate([loud, faint]))[-10:].any()


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 60), max_size=4))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    frames = said((-1, 60), (0, 60), (-1, 30), (1, 33))
    gate = SpeechGate()
    pieces = np.split(frames, sorted(3 * cut for cut in cuts))
    assert np.concatenate([gate.feed(piece) for piece in pieces]).tolist() == SpeechGate().feed(frames).tolist()
