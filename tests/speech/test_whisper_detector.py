"""Whispers from posteriors of steps with speech."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.nn.graph.executor import Model
from azsim.speech.whisper_detector import LEAST_STEPS, THRESHOLD, WhisperDetector, threshold_of
from tests.speech.speaker.voices import frames_of
from tests.speech.whisper_graph import whisper_network


def detector(threshold: float = 0.5) -> WhisperDetector:
    integers = whisper_network()
    return WhisperDetector(Model.in_integers(integers), integers, threshold)


def heard(frames: np.ndarray, cuts: list[int]) -> WhisperDetector:
    own = detector()
    for piece in np.split(frames, cuts):
        own.feed(piece)
    return own


WHISPER = np.concatenate([frames_of(-1, 60), frames_of(1, 90), frames_of(-1, 40)])
ALOUD = np.concatenate([frames_of(-1, 60), frames_of(0, 90), frames_of(-1, 40)])


@pytest.mark.parametrize("cuts", [[], [1, 64, 130], list(range(7, 180, 7))])
def test_a_whisper_is_told_from_a_voice(cuts: list[int]) -> None:
    whisper, aloud = heard(WHISPER, cuts), heard(ALOUD, cuts)
    assert whisper.heard is not None
    assert aloud.heard is not None
    assert whisper.heard.is_whisper
    assert not aloud.heard.is_whisper
    assert whisper.heard == heard(WHISPER, []).heard
    assert whisper.steps == len(WHISPER) // 3


def test_nothing_is_said_of_the_room_and_of_a_moment() -> None:
    assert heard(frames_of(-1, 300), []).heard is None
    short = np.concatenate([frames_of(-1, 60), frames_of(1, 3 * (LEAST_STEPS - 1))])
    assert heard(short, []).heard is None


def test_the_mean_is_that_of_the_steps_with_speech() -> None:
    made = detector().feed(np.concatenate([WHISPER, frames_of(0, 90)]))
    means = [each.mean for each in made]
    assert max(means) > 0.8
    assert means[-1] < max(means)
    assert [each.step for each in made] == sorted({each.step for each in made})


def test_the_file_of_a_network_states_the_threshold() -> None:
    assert threshold_of({"threshold": 0.3}) == 0.3
    assert threshold_of({}) == THRESHOLD
