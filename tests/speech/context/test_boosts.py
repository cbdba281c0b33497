"""Boosts: a finished hypothesis has those of the entries in it, a failed match leaves nothing, at any place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.rnnt.pieces import WORD_START, Pieces
from azsim.speech.context.boosts import Boosts, spelled
from azsim.speech.context.catalogue import Catalogue, Entry
from tests.speech.context.brute_force import worth

LETTERS = "abc"
PIECES = Pieces(("<blank>", WORD_START, *LETTERS, *(WORD_START + letter for letter in LETTERS), WORD_START + "ab"))
BEGINS = {label for label, piece in enumerate(PIECES.strings) if piece.startswith(WORD_START)}
WORDS = st.text(LETTERS, min_size=1, max_size=3)
NAMES = st.lists(WORDS, min_size=1, max_size=2).map(" ".join)
KINDS = st.sampled_from(["", "x", "y"])
LABELS = st.lists(st.integers(1, len(PIECES) - 1), max_size=12)
STEP = 1.5


def scored(boosts: Boosts, labels: list[int]) -> tuple[float, list[float]]:
    """The total after the end, and after each label."""
    state, total, running = boosts.start(), 0.0, []
    for label in labels:
        state, boost = boosts.advance(state, label)
        total += boost
        running.append(total)
    return total + boosts.finish(state), running


@settings(max_examples=150)
@given(
    entries=st.lists(st.tuples(NAMES, KINDS), min_size=1, max_size=6, unique_by=lambda each: each[0]),
    phrases=st.lists(
        st.lists(st.one_of(WORDS, st.sampled_from(["@x", "@y"])), min_size=1, max_size=3)
        .filter(lambda words: not all(word.startswith("@") for word in words))
        .map(tuple),
        max_size=3,
        unique=True,
    ),
    labels=LABELS,
)
def test_the_total_is_that_of_the_entries_in_it(entries, phrases, labels):
    kinds = {kind for _, kind in entries}
    kept = tuple(p for p in phrases if all(word[1:] in kinds for word in p if word.startswith("@")))
    boosts = Boosts(Catalogue(tuple(Entry(*each) for each in entries), kept), PIECES, STEP)
    elements = [
        [one for word in phrase for one in ([word[1:]] if word.startswith("@") else spelled(word, PIECES, ""))]
        for phrase in kept
    ]
    names = [spelled(text, PIECES, "") for text, _ in entries]
    wanted = worth(labels, BEGINS, names, elements, [{kind} for _, kind in entries], STEP)
    total, running = scored(boosts, labels)
    assert total == pytest.approx(wanted)
    assert all(each >= -1e-9 for each in running)


@settings(max_examples=60)
@given(labels=LABELS, text=NAMES)
def test_a_match_that_fails_leaves_nothing(labels, text):
    boosts = Boosts(Catalogue((Entry(text),)), PIECES, STEP)
    name = list(spelled(text, PIECES, ""))
    broken = [*name[:-1], next(label for label in map(PIECES.strings.index, LETTERS) if label != name[-1])]
    if worth(broken, BEGINS, [name], [], [set()], STEP) == 0:
        assert scored(boosts, broken)[0] == pytest.approx(0)


def test_parts_are_boosted_at_once_and_cancelled_where_they_fail():
    boosts = Boosts(Catalogue((Entry("bca"),)), PIECES, STEP)
    b, c, a = spelled("bca", PIECES, "")
    other = PIECES.strings.index(WORD_START + "a")
    assert scored(boosts, [b, c])[1] == pytest.approx([1.5, 3.0])
    assert scored(boosts, [b, c])[0] == pytest.approx(0)
    assert scored(boosts, [b, c, other])[1] == pytest.approx([1.5, 3.0, 0])
    assert scored(boosts, [b, c, a, other]) == (pytest.approx(4.5), pytest.approx([1.5, 3.0, 4.5, 4.5]))
    assert scored(boosts, [b, c, a, a])[1][-1] == pytest.approx(0)


def test_a_name_is_looked_for_where_a_match_or_a_phrase_expects_it():
    boosts = Boosts(Catalogue((Entry("bc", "x"), Entry("ca", "y")), (("a", "@x"),)), PIECES, STEP)
    a, b = (PIECES.strings.index(WORD_START + letter) for letter in "ab")
    assert boosts.favoured(boosts.start()).tolist() == []
    carried, boost = boosts.advance(boosts.start(), a)
    assert boost == pytest.approx(STEP)
    assert b in boosts.favoured(carried).tolist()
    within, _ = boosts.advance(boosts.start(), b)
    assert boosts.favoured(within).tolist() == [PIECES.strings.index("c")]


def test_states_are_the_same_for_the_same_labels_whatever_came_first():
    boosts = Boosts(Catalogue((Entry("bc"),)), PIECES, STEP)
    b = PIECES.strings.index(WORD_START + "b")
    assert boosts.advance(boosts.start(), b) == boosts.advance(boosts.start(), b)
    again, _ = boosts.advance(boosts.advance(boosts.start(), b)[0], b)
    assert again == boosts.advance(boosts.start(), b)[0]


def test_words_that_no_piece_spells_are_refused():
    with pytest.raises(InputError, match="entry 'dora': the recogniser's pieces cannot spell it"):
        Boosts(Catalogue((Entry("dora"),)), PIECES)
