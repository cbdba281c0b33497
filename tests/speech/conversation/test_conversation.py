"""Turns of a sound of any length: cut anywhere, bounded in memory, silence, no end of speech, the word said again."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.recipe import compress
from azsim.nn.graph.executor import Model
from azsim.speech.conversation.conversation import (
    LOOK_BACK_FRAMES,
    PIECE_FRAMES,
    WOKEN_AGAIN,
    Conversation,
    ConversationTurn,
    Happening,
    TurnLattice,
)
from azsim.speech.conversation.opening import ForVoice, ForWakeWord, Opening, WaitingMaker
from azsim.speech.conversation.partials import Partial
from azsim.speech.endpointing.decision import EndPointing, Limits
from azsim.speech.endpointing.listening import EndPointer, EndPointNetworks
from azsim.speech.endpointing.protocol import EndPointEvent
from azsim.speech.features import log_mel
from azsim.speech.recogniser import Recogniser
from azsim.speech.search.choice import SearchChoice
from azsim.speech.wake_detector import WakeLimits
from tests.conftest import random_network
from tests.speech.endpointing.graphs import activity_network, sentence_network
from tests.speech.wake_graph import detector_network, word_frames

ACTIVITY, SENTENCE, DETECTOR = (
    (Model.in_integers(each), each) for each in (activity_network(), sentence_network(), detector_network())
)
LIMITS = EndPointing(
    speculative=Limits(60, 30),
    final=Limits(180, 90),
    speech_above=0.6,
    longest_quiet_ms=900,
    longest_pause_ms=2_000,
    longest_ms=3_000,
    nothing_said_ms=2_000,
)
"""All of them the tests' own: a turn of a dialogue ends before its wake word is said again."""
SMALL = compress(random_network(8))
RECOGNISER = Recogniser(SMALL, ends=EndPointer(EndPointNetworks(ACTIVITY, SENTENCE), LIMITS))


def by_word() -> ForWakeWord:
    return ForWakeWord(DETECTOR, WakeLimits(0.7, 60))


def by_voice() -> ForVoice:
    return ForVoice(ACTIVITY, 0.6)


def sound(seconds: float, seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    loud = np.repeat(np.resize([0.02, 0.3, 0.05, 0.2, 0.01], round(seconds * 2.7) + 1), 6_000)
    return log_mel((loud * rng.standard_normal(loud.size)).astype(np.float32))[: round(100 * seconds)]


def dialogue() -> np.ndarray:
    parts = [sound(0.7), word_frames(), sound(2.2, 3), word_frames(), sound(2.2, 5), sound(0.5)]
    return np.concatenate(parts)


def told(
    frames: np.ndarray, make: WaitingMaker, cuts: list[int], recogniser: Recogniser = RECOGNISER
) -> list[Happening]:
    conversation = Conversation(recogniser, make)
    made = [each for piece in np.split(frames, sorted(cuts)) for each in conversation.feed(piece)]
    return [*made, *conversation.finish()]


@cache
def whole(make: WaitingMaker) -> list[Happening]:
    """Of the dialogue in one piece, which many tests look at."""
    return told(dialogue(), make, [])


def turns(happenings: list[Happening]) -> list[ConversationTurn]:
    return [each for each in happenings if isinstance(each, ConversationTurn)]


@pytest.mark.parametrize("make", [by_word, by_voice])
@settings(max_examples=4, deadline=None)
@given(cuts=st.lists(st.integers(0, 620), max_size=12))
def test_what_happens_does_not_depend_on_the_pieces(make: WaitingMaker, cuts: list[int]) -> None:
    pieces = told(dialogue(), make, cuts)
    assert len(whole(make)) == len(pieces)
    assert len(turns(pieces)) >= 2
    for one, other in zip(whole(make), pieces, strict=True):
        if isinstance(one, ConversationTurn):
            assert np.array_equal(one.frames, other.frames)
            one, other = replace(one, frames=None), replace(other, frames=None)
        assert one == other


def test_each_word_opens_a_turn_that_its_end_pointer_closes() -> None:
    found = turns(whole(by_word))
    assert [turn.number for turn in found] == [1, 2]
    assert [turn.opening.by for turn in found] == ["wake word"] * 2
    for turn in found:
        assert 700 <= turn.start_ms < turn.end_ms
        assert [event.kind for event in turn.ends].count("commit") == 1
        assert turn.ends[-1].kind == "commit"
        assert turn.ends[-1].time_ms == turn.end_ms
        assert len(turn.frames) == 3 * (turn.ends[-1].step + 1)
        assert all(turn.start_ms < word.end_ms <= turn.end_ms for word in turn.words)
        assert turn.text == (turn.partials[-1].text if turn.partials else "")


def test_a_turn_says_what_the_recogniser_says_of_its_frames_alone() -> None:
    for make in (by_word, by_voice):
        for turn in turns(whole(make))[:-1]:  # the last one may have ended in the room after the sound
            alone = RECOGNISER.recognise(turn.frames)
            assert alone.transcript.text == turn.text
            assert alone.work.steps * 3 == len(turn.frames)


def test_times_only_go_forward_and_turns_do_not_overlap() -> None:
    for make in (by_word, by_voice):
        happenings = whole(make)
        at = [each.time_ms for each in happenings if isinstance(each, Partial)]
        assert at == sorted(at)
        found = turns(happenings)
        assert all(one.end_ms <= other.start_ms + 60 for one, other in pairwise(found))


def test_speech_that_never_ends_is_ended_by_rule() -> None:
    endless = replace_limits(final=Limits(10_000, 10_000), longest_quiet_ms=10_000, longest_pause_ms=10_000)
    found = turns(told(np.concatenate([word_frames(), sound(4.5)]), by_word, [], endless))
    assert [turn.reason for turn in found] in (["too long"], ["nothing said"])
    assert found[0].end_ms - found[0].start_ms <= LIMITS.longest_ms + 60


def replace_limits(**changes: object) -> Recogniser:
    import msgspec

    limits = msgspec.structs.replace(LIMITS, **changes)
    return Recogniser(SMALL, ends=EndPointer(EndPointNetworks(ACTIVITY, SENTENCE), limits))


def test_the_word_said_again_breaks_a_turn_off() -> None:
    patient = replace_limits(
        final=Limits(9_000, 9_000), longest_quiet_ms=9_000, longest_pause_ms=9_000, longest_ms=9_000,
        nothing_said_ms=9_000,
    )  # fmt: skip
    frames = np.concatenate([word_frames(), sound(1.6, 3), word_frames(), sound(1.5)])
    first, second = turns(told(frames, by_word, [], patient))
    assert first.reason == WOKEN_AGAIN
    assert first.end_ms == second.start_ms
    assert len(first.frames) == (second.start_ms - first.start_ms) // 10
    assert all(word.end_ms <= first.end_ms for word in first.words)


def test_silence_opens_nothing() -> None:
    silence = np.full((3_000, 64), -16.0, np.float32)
    assert told(silence, by_word, []) == []


def test_what_is_kept_does_not_grow_with_the_sound() -> None:
    conversation = Conversation(RECOGNISER, by_word)
    for _ in range(4):
        for happening in conversation.feed(sound(4.0)):
            assert not isinstance(happening, Opening)
        assert len(conversation._kept) <= LOOK_BACK_FRAMES + PIECE_FRAMES


def test_it_needs_an_end_pointer() -> None:
    with pytest.raises(ValueError, match="end-pointer"):
        Conversation(Recogniser(SMALL), by_word)


@settings(max_examples=2, deadline=None)
@given(cuts=st.lists(st.integers(0, 290), max_size=6))
def test_lattices_follow_what_was_told_wherever_the_sound_was_cut(cuts: list[int]) -> None:
    choice = SearchChoice("beam", 2)
    keeping = Recogniser(SMALL, choice.maker(), lattices=choice, ends=RECOGNISER.ends)
    whole, pieces = (told(sound(2.9), by_voice, where, keeping) for where in ([], cuts))
    assert [type(each) for each in whole] == [type(each) for each in pieces]
    lattices = [each for each in whole if isinstance(each, TurnLattice)]
    events = [each for each in whole if isinstance(each, EndPointEvent)]
    assert [each.event for each in lattices] == [each for each in events if each.kind == "speculative"]
    for one, same in zip(lattices, (each for each in pieces if isinstance(each, TurnLattice)), strict=True):
        assert whole[whole.index(one) - 1] is one.event
        assert (one.event, one.is_final) == (same.event, same.is_final)
        assert (one.lattice.words, one.lattice.edges) == (same.lattice.words, same.lattice.edges)
        np.testing.assert_array_equal(one.lattice.acoustic, same.lattice.acoustic)
        assert one.lattice.end_ms.max(initial=0) <= one.time_ms + 60
