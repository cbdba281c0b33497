"""Recognition as a whole: pieces of any size, end-point, work."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.recipe import compress
from azsim.errors import InputError
from azsim.speech.features import log_mel
from azsim.speech.recogniser import Listener, Recogniser, recognise_many
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


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, 29_123), max_size=12), rate_hz=st.sampled_from([16_000, 8_000, 44_100, 96_000]))
def test_pieces_of_any_size_give_the_same_words(recogniser, sound, cuts, rate_hz):
    whole = Listener(recogniser, "u", rate_hz, record_inputs=True)
    whole.feed(sound)
    pieces = Listener(recogniser, "u", rate_hz, record_inputs=True)
    for piece in np.split(sound, sorted(cuts)):
        pieces.feed(piece)
    equal(pieces.finish(), whole.finish())


def test_tiny_pieces_give_the_same_words(recogniser, sound):
    pieces = Listener(recogniser, "u")
    for start in range(0, sound.size, 37):
        pieces.feed(sound[start : start + 37])
    equal(pieces.finish(), recogniser.recognise(sound, "u"))


def test_features_give_the_same_words_as_sound(recogniser, sound):
    by_sound, by_features = recogniser.recognise(sound), recogniser.recognise(log_mel(sound))
    assert by_sound.transcript.labels == by_features.transcript.labels
    assert by_sound.transcript.labels


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
    assert releases[-1] <= work.endpoint_ms <= work.audio_ms


def test_many_equals_one_by_one_on_any_number_of_threads(recogniser, sound):
    sounds = [sound, sound[:9_000], log_mel(sound[5_000:])]
    single = [recogniser.recognise(each, str(i), None) for i, each in enumerate(sounds)]
    for threads in (1, 2):
        for one, other in zip(recognise_many(recogniser.compressed, sounds, threads=threads), single, strict=True):
            equal(one, other)


def test_the_true_end_of_speech_is_marked(recogniser, sound):
    assert recogniser.recognise(sound).work.speech_end_estimated
    known = recogniser.recognise(sound, speech_end_ms=1_234).work
    assert (known.speech_end_ms, known.speech_end_estimated) == (1_234, False)


@pytest.mark.parametrize("nothing", [np.zeros(0, np.float32), np.zeros(399, np.float32), np.zeros((0, 64), np.float32)])
def test_less_than_a_frame_is_refused(recogniser, nothing):
    with pytest.raises(InputError, match="25 ms"):
        recogniser.recognise(nothing)
    assert recogniser.recognise(np.zeros(400, np.float32)).work.steps == 2


def test_a_wake_word_is_heard_but_not_written_down(recogniser, sound):
    whole = recogniser.recognise(sound, "u", record_inputs=True)
    kept = recogniser.recognise(sound, "u", record_inputs=True, wake_end_ms=600)
    pieces = Listener(recogniser, "u", record_inputs=True, wake_end_ms=600)
    for piece in np.array_split(sound, 23):
        pieces.feed(piece)
    equal(pieces.finish(), kept)
    assert kept.work.wake_steps == 20
    assert min(kept.transcript.label_steps, default=20) >= 20
    for name in ("encoder.0.input", "encoder.2.recurrent"):
        both = min(len(kept.work.inputs[name]), len(whole.work.inputs[name]))
        assert np.array_equal(kept.work.inputs[name][:both], whole.work.inputs[name][:both])


def test_a_wake_word_of_no_length_changes_nothing_and_one_of_all_the_sound_leaves_nothing(recogniser, sound):
    equal(recogniser.recognise(sound, "u", wake_end_ms=29), recogniser.recognise(sound, "u"))
    assert recogniser.recognise(sound, "u", wake_end_ms=60_000).transcript.labels == ()
