"""Texts share what they have in common at their beginnings; the posterior is that of the text read alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.nn.graph.executor import Executor, Model
from azsim.speech.endpointing.sentence_end import ALPHABET, MOST_LETTERS, SentenceEnd, letters_of
from tests.speech.endpointing.graphs import sentence_network

NETWORK = sentence_network()
MODEL = Model.in_integers(NETWORK)


def alone(text: str) -> float:
    letters = letters_of(text)
    if not len(letters):
        return 0.0
    made = Executor(MODEL).push({"letters": letters})["posterior"]
    return float(NETWORK.grids["posterior"].restore(made)[-1, 0])


@given(st.lists(st.text("ab 'C!", max_size=12), max_size=8))
@settings(max_examples=30, deadline=None)
def test_a_text_that_was_revised_is_read_as_if_alone(texts: list[str]) -> None:
    reader = SentenceEnd(MODEL, NETWORK)
    assert [reader.posterior(text) for text in texts] == [alone(text) for text in texts]


def test_letters_in_common_are_read_once() -> None:
    reader = SentenceEnd(MODEL, NETWORK)
    for text in ("turn", "turn on", "turn on", "turn off", ""):
        reader.posterior(text)
    assert reader.letters_read == len(" turn") + len(" on") + len("ff")


def test_a_text_is_spelled_word_by_word() -> None:
    assert [ALPHABET[each] for each in letters_of("  I'd  like7 ")] == list(" i'd like")
    assert len(letters_of("word " * 1000)) == MOST_LETTERS
