"""Slots and tags say the same; meanings are compared, probabilities are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.speech.understanding.interpretation import Slot, interpretation, slots_of, tags_of

WORDS = tuple(["give", "me", "a", "large", "iced", "mocha", "with", "a", "bit", "of", "milk"])
SPANS = [("size", 3, 4), ("drink", 4, 6), ("milk", 7, 11)]


def test_spans_become_tags_and_tags_become_slots():
    tags = tags_of(WORDS, SPANS)
    assert tags == ("O", "O", "O", "B-size", "B-drink", "I-drink", "O", "B-milk", "I-milk", "I-milk", "I-milk")
    assert slots_of(WORDS, tags) == (Slot("size", "large"), Slot("drink", "iced mocha"), Slot("milk", "a bit of milk"))


@given(st.lists(st.integers(1, 3), max_size=6), st.lists(st.booleans(), min_size=6, max_size=6))
def test_any_spans_come_back(lengths, taken):
    words = [f"w{i}" for i in range(sum(lengths))]
    ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
    spans = [(f"s{i % 2}", end - n, end) for i, (end, n) in enumerate(zip(ends, lengths)) if taken[i]]
    slots = slots_of(words, tags_of(words, spans))
    assert slots == tuple(Slot(name, " ".join(words[first:end])) for name, first, end in spans)


@pytest.mark.parametrize("spans", [[("a", 0, 2), ("b", 1, 3)], [("a", 2, 2)], [("a", 9, 12)]])
def test_spans_that_overlap_or_lie_outside_are_refused(spans):
    with pytest.raises(InputError, match="must be free and inside"):
        tags_of(WORDS, spans)


@pytest.mark.parametrize("tags", [("I-size",), ("B-size", "I-drink"), ("O", "I-size"), ("size",)])
def test_an_inside_without_its_beginning_is_refused(tags):
    with pytest.raises(InputError, match="must be O"):
        slots_of(WORDS[: len(tags)], tags)


def test_two_requests_for_the_same_are_equal():
    one = interpretation("order", [Slot("size", "large"), Slot("drink", "mocha")], 0.9)
    other = interpretation("order", [Slot("drink", "mocha"), Slot("size", "large")], 0.1)
    assert one == other
    assert len({one, other}) == 1
    assert one != interpretation("order", [Slot("drink", "mocha")])
    assert str(one) == "order(drink = mocha, size = large)"
