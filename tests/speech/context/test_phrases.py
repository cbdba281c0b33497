"""Phrases: threads through words and classes, which walk on the entries' own arcs."""

from __future__ import annotations

import pytest

from azsim.speech.context.automaton import EntryAutomaton
from azsim.speech.context.phrases import Phrases, elements_of

CALL, ON, ANN, NA, LIMA = 1, 2, 3, 4, 5
WORDS = {CALL, ON, ANN, LIMA}


@pytest.fixture
def phrases():
    automaton = EntryAutomaton([(ANN, NA), (ANN,), (LIMA,)], [2.0, 1.0, 1.0], 1.0)
    kinds = (frozenset({"contact"}), frozenset({"contact"}), frozenset({"city"}))
    return Phrases(((CALL, "contact", ON),), automaton, kinds, 1.0)


def walk(phrases, *labels):
    threads = frozenset()
    for label in labels:
        threads = phrases.step(threads, label, label in WORDS)
    return threads


def test_a_phrase_is_complete_with_any_entry_of_its_class(phrases):
    for name in ((ANN,), (ANN, NA)):
        assert phrases.pending(walk(phrases, CALL, *name, ON)) == 2.0
    assert phrases.pending(walk(phrases, CALL, LIMA, ON)) == 0.0
    assert phrases.pending(walk(phrases, CALL, ANN)) == 0.0


def test_a_thread_is_worth_the_words_behind_it(phrases):
    assert phrases.partial(walk(phrases, CALL)) == 1.0
    assert phrases.partial(walk(phrases, CALL, ANN)) == 1.0
    assert phrases.partial(walk(phrases, ON, ANN)) == 0.0


def test_it_expects_first_labels_of_its_class_and_what_follows_an_entry(phrases):
    assert set(phrases.expected(walk(phrases, CALL))) == {ANN, LIMA}
    assert set(phrases.expected(walk(phrases, CALL, ANN))) == {NA, ON}


def test_elements_are_labels_and_classes():
    assert elements_of(("call", "@contact"), {"call": (1, 7)}) == (1, 7, "contact")
