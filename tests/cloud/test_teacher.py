"""The network behind the server: read when it is asked, and what it makes of sound that went through Opus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.cloud.opus import OpusChoice, decode_speech, encode_speech
from azsim.cloud.recogniser import recognise_in_cloud
from azsim.cloud.second_pass import heard_again
from azsim.cloud.teacher import Teacher
from azsim.errors import InputError
from azsim.report.wer import count_errors
from azsim.resources import shipped
from azsim.speech.audio import read_audio
from azsim.speech.bounds import SpeechBounds
from azsim.speech.conclusion import Recognition
from azsim.speech.endpoint import step_end_ms
from tests.conftest import random_network


def cut_at(recognition: Recognition, steps: int) -> Recognition:
    """The same, ended earlier."""
    return replace(recognition, work=replace(recognition.work, steps=steps, endpoint_ms=step_end_ms(steps - 1)))


SAID = "can i have a medium latte"


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    return Teacher()


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return read_audio(shipped("experiments", "speech/test-seen-000.flac")).samples


def test_it_looks_ahead_and_so_cannot_be_a_devices(teacher: Teacher) -> None:
    assert any("reverse" in name for name in teacher.network.parameters)


def test_it_hears_words_through_opus(teacher: Teacher, sound: np.ndarray) -> None:
    assert " ".join(teacher(sound)) == SAID
    packets = list(encode_speech(sound, OpusChoice(32_000)))
    through = teacher(decode_speech(packets, 20))
    assert int(count_errors([SAID], [" ".join(through)])[0, 0]) <= 1


def test_sound_without_a_whole_frame_has_no_words(teacher: Teacher) -> None:
    assert teacher(np.zeros(100, np.float32)) == ()


def test_another_kind_of_network_is_refused() -> None:
    with pytest.raises(InputError, match="no recogniser"):
        _ = Teacher("voice-activity").network


def test_the_second_pass_keeps_the_first_ones_end_points() -> None:
    streaming, again = random_network(3), random_network(4)
    rng = np.random.default_rng(0)
    features = [rng.normal(5, 2, (frames, 64)).astype(np.float32) for frames in (60, 95, 200)]
    bounds = [SpeechBounds(0, 500)] * 3
    first = recognise_in_cloud(streaming, features, ["a", "b", "c"], bounds, silence_ms=120)
    first[2] = cut_at(first[2], 20)
    second = heard_again(again, features, first, bounds)
    for one, other, frames in zip(first, second, features, strict=True):
        assert (other.work.steps, other.work.endpoint_ms) == (one.work.steps, one.work.endpoint_ms)
        assert (other.work.utterance, other.work.audio_ms) == (one.work.utterance, one.work.audio_ms)
        assert other.work.jobs == ()
        assert other.work.premature == (other.transcript.text != other.transcript.text_whole)
        whole = 3 * one.work.steps >= len(frames) + 48
        assert not (whole and other.work.premature)
    assert second[2].transcript.label_steps != ()
    assert all(word.end_ms <= second[2].work.endpoint_ms for word in second[2].transcript.words)


def test_a_cut_recording_is_heard_as_if_it_ended_there() -> None:
    streaming, again = random_network(3), random_network(4)
    frames = np.random.default_rng(2).normal(5, 2, (200, 64)).astype(np.float32)
    bounds = [SpeechBounds(0, 500)]
    first = cut_at(recognise_in_cloud(streaming, [frames], ["a"], bounds)[0], 22)
    (whole,) = heard_again(again, [frames], [first], bounds)
    (cut,) = heard_again(again, [frames[: 3 * first.work.steps]], [first], bounds)
    assert whole.transcript.text == cut.transcript.text
