"""One utterance in pieces of any size: the same words, an end whatever comes, words so far."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.recipe import compress
from azsim.speech.bounds import UNKNOWN, estimate_bounds
from azsim.speech.features import log_mel
from azsim.speech.listener import Listener
from azsim.speech.recogniser import Recogniser
from azsim.speech.room_tone import room_tone
from azsim.speech.search.search import Found
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


def in_pieces(recogniser: Recogniser, frames: np.ndarray, cuts: list[int], **options):
    listener = Listener(recogniser, "u", **options)
    for piece in np.split(frames, sorted(cuts)):
        listener.feed(piece)
    return listener.finish(room_tone(frames, listener.most_after), 1_820, estimate_bounds(frames))


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 180), max_size=40))
def test_pieces_of_any_size_give_the_same_words(recogniser, sound, cuts):
    whole = recogniser.recognise(sound, "u", record_inputs=True)
    assert whole.transcript.labels
    equal(in_pieces(recogniser, log_mel(sound), cuts, record_inputs=True), whole)


def test_a_network_that_never_falls_silent_ends_all_the_same(recogniser):
    class Chatter:
        def __init__(self, model) -> None:
            self._outputs = 0

        def advance(self, encoded: np.ndarray) -> None:
            self._outputs += len(encoded)

        def found(self) -> Found:
            count = self._outputs
            return Found((1,) * count, tuple(range(count)), (0.5,) * count, {})

    work = Recogniser(recogniser.compressed, Chatter).recognise(np.zeros((30, 64), np.float32)).work
    assert 300 + 480 + 2_000 - 30 <= work.endpoint_ms <= 300 + 480 + 2_000 + 60


def test_too_little_silence_is_refused(recogniser):
    listener = Listener(recogniser)
    listener.feed(np.zeros((9, 64), np.float32))
    with pytest.raises(ValueError, match="3 frames of silence: must be"):
        listener.finish(np.zeros((3, 64), np.float32), 105, UNKNOWN)


def test_a_wake_word_is_heard_but_not_written_down(recogniser, sound):
    whole = recogniser.recognise(sound, "u", record_inputs=True)
    kept = recogniser.recognise(sound, "u", record_inputs=True, wake_end_ms=600)
    equal(in_pieces(recogniser, log_mel(sound), list(range(0, 180, 8)), record_inputs=True, wake_end_ms=600), kept)
    assert kept.work.wake_steps == 20
    assert min(kept.transcript.label_steps, default=20) >= 20
    for name in ("encoder.0.input", "encoder.2.recurrent"):
        both = min(len(kept.work.inputs[name]), len(whole.work.inputs[name]))
        assert np.array_equal(kept.work.inputs[name][:both], whole.work.inputs[name][:both])


def test_words_so_far_lead_to_the_words_at_the_end(recogniser, sound):
    """Every partial differs from the one before, times rise, and the last one is the text of the labels so far."""
    listener = Listener(recogniser, "u")
    frames = log_mel(sound)
    shown: list[tuple[int, str]] = []
    for start in range(0, len(frames), 16):
        before = listener.outputs
        listener.feed(frames[start : start + 16])
        shown += listener.partials(before)
    assert shown == list(listener.partials())
    assert [step for step, _ in shown] == sorted({step for step, _ in shown})
    assert shown[-1][1] == listener.text_of(listener.labels)
