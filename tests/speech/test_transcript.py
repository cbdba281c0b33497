"""Words joined to text."""

from __future__ import annotations

import pytest

from azsim.speech.transcript import Transcript, Word, words_of


def test_the_text_is_the_words_up_to_the_end_point() -> None:
    words = tuple(Word(text, 0, 0, 1.0) for text in ("turn", "on", "the"))
    transcript = Transcript(words, (1, 2, 3, 4), (0, 1, 2, 30), "turn on the light")
    assert transcript.text == "turn on the"
    assert transcript.text_whole.startswith(transcript.text)
    assert Transcript((), (), (), "").text == ""


PIECES = ("<blank>", "\u2581turn", "\u2581li", "ght", "\u2581", "on", "\u2581a\u2581b")


def test_pieces_join_and_posteriors_multiply():
    words = words_of([1, 2, 3], [45, 105, 165], [0.9, 0.5, 0.8], PIECES)
    assert words == (Word("turn", 45, 45, 0.9), Word("light", 105, 165, pytest.approx(0.4)))


def test_a_mark_alone_opens_the_next_word():
    assert [word.text for word in words_of([1, 4, 5], [1, 2, 3], [1, 1, 1], PIECES)] == ["turn", "on"]


def test_a_first_piece_without_a_mark_opens_a_word():
    assert words_of([3], [45], [0.5], PIECES) == (Word("ght", 45, 45, 0.5),)


def test_a_piece_may_hold_two_words():
    assert [word.text for word in words_of([6, 3], [1, 2], [1, 1], PIECES)] == ["a", "bght"]


def test_nothing_gives_nothing():
    assert words_of([], [], [], PIECES) == ()
