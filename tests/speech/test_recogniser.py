"""Recognition as a whole: pieces of any size, end-point, work."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from azsim.compress.recipe import compress
from azsim.errors import InputError
from azsim.speech.bounds import SpeechBounds
from azsim.speech.features import log_mel
from azsim.speech.recogniser import Recogniser, recognise_many
from tests.conftest import random_network


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser(compress(random_network(8)))


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    rng = np.random.default_rng(2)
    loud = np.repeat([0.02, 0.3, 0.05, 0.2, 0.01], 6_000)
    return (loud * rng.standard_normal(loud.size)).astype(np.float32)[:29_123]


def equal(one, other) -> None:
    assert one.transcript == other.transcript
    assert one.work.jobs == other.work.jobs
    assert one.work.endpoint_ms == other.work.endpoint_ms
    assert one.work.speech_end_ms == other.work.speech_end_ms
    assert set(one.work.inputs) == set(other.work.inputs)
    for name, vectors in one.work.inputs.items():
        assert np.array_equal(vectors, other.work.inputs[name])


def test_features_give_the_same_as_sound(recogniser, sound):
    by_sound = recogniser.recognise(sound, record_inputs=True)
    by_features = recogniser.recognise(log_mel(sound), record_inputs=True, audio_ms=len(sound) // 16)
    equal(by_sound, by_features)
    assert by_sound.work.audio_ms == by_features.work.audio_ms == 1_820
    assert by_sound.transcript.labels


@pytest.mark.parametrize("silence_ms", [120, 480, 900])
def test_a_device_does_not_know_that_a_file_ends(recogniser, sound, silence_ms):
    """The end-point is a silence after the last label, or after the file, at the earliest, however it is cut."""
    heard = Recogniser(recogniser.compressed, silence_ms=silence_ms)
    for samples in (400, 5_000, 12_345, 20_000, len(sound)):
        found = heard.recognise(sound[:samples])
        work, waited = found.work, -(-silence_ms // 30)
        assert 30 * work.steps + 15 == work.endpoint_ms
        assert len([job for job in work.jobs if job.name == "frontend"]) == work.steps
        frames = (samples - 400) // 160 + 1
        if work.steps < -(-frames // 3) + waited + 2_000 // 30:  # this random network may never fall silent
            kept = [step for step in found.transcript.label_steps if step < work.steps]
            assert work.steps == (kept[-1] + waited + 1 if kept else 2 * -(-(-(-frames // 3) + waited) // 2))


def test_silence_that_follows_changes_nothing_but_what_is_said_in_it(recogniser, sound):
    """What is found in a recording is found in a longer one too, so the tail adds and takes nothing away."""
    short, long = recogniser.recognise(log_mel(sound)[:99]), recogniser.recognise(log_mel(sound)[:140])
    before = [step for step in long.transcript.label_steps if step < 33]
    assert [step for step in short.transcript.label_steps if step < 33] == before


def test_jobs_count_what_was_computed(recogniser, sound):
    result = recogniser.recognise(sound, record_inputs=True)
    work, counts = result.work, Counter(job.name for job in result.work.jobs)
    kept = sum(step < work.steps for step in result.transcript.label_steps)
    assert counts["encoder.0"] == work.steps
    assert counts["encoder.1"] == work.steps // 2
    assert counts["prediction"] == kept + 1
    assert counts["joint"] == counts["search"]
    assert work.inputs["encoder.0.input"].shape == (work.steps, 192)
    assert len(work.inputs["encoder.2.recurrent"]) == counts["encoder.1"]
    assert len(work.inputs["joint.output"]) == counts["joint"]
    assert len(work.inputs["prediction.0.input"]) == counts["prediction"]
    assert "prediction.embedding" not in work.inputs
    releases = [job.release_ms for job in work.jobs]
    assert releases == sorted(releases)
    assert releases[-1] <= work.endpoint_ms


def test_many_equals_one_by_one_on_any_number_of_threads(recogniser, sound):
    sounds = [sound, sound[:9_000], log_mel(sound[5_000:])]
    single = [recogniser.recognise(each, str(i)) for i, each in enumerate(sounds)]
    for threads in (1, 2):
        for one, other in zip(recognise_many(recogniser.compressed, sounds, threads=threads), single, strict=True):
            equal(one, other)


def test_the_true_end_of_speech_is_marked(recogniser, sound):
    assert recogniser.recognise(sound).work.speech_end_estimated
    known = recogniser.recognise(sound, bounds=SpeechBounds(0, 1_234)).work
    assert (known.speech_end_ms, known.speech_end_estimated) == (1_234, False)


@pytest.mark.parametrize("nothing", [np.zeros(0, np.float32), np.zeros(399, np.float32), np.zeros((0, 64), np.float32)])
def test_less_than_a_frame_is_refused(recogniser, nothing):
    with pytest.raises(InputError, match="25 ms"):
        recogniser.recognise(nothing)
    assert recogniser.recognise(np.zeros(400, np.float32)).work.steps >= 18


def test_a_wake_word_of_no_length_changes_nothing_and_one_of_all_the_sound_leaves_nothing(recogniser, sound):
    equal(recogniser.recognise(sound, "u", wake_end_ms=29), recogniser.recognise(sound, "u"))
    assert recogniser.recognise(sound, "u", wake_end_ms=60_000).transcript.labels == ()
