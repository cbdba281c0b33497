"""Requests drawn from the grammars carry what they mean."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.speech.understanding.interpretation import slots_of
from azsim.train.corpus.coffee import coffee_grammar
from azsim.train.corpus.grammar import REFERENCE, Grammar
from azsim.train.corpus.speaker_domain import speaker_grammar
from azsim.train.corpus.tagged import (
    COFFEE_SLOTS,
    SPEAKER_INTENTS,
    SPEAKER_SLOTS,
    coffee_request,
    speaker_request,
    spelled,
)  # fmt: skip


def test_spans_cover_the_words_that_a_rule_said():
    rules = {"start": "play {title} by {artist} now", "title": "one two", "artist": "{first} x", "first": "z"}
    slots = {"title": "t", "artist": "a", "first": "never"}
    words, spans = spelled(Grammar(rules), rules["start"], np.random.default_rng(0), slots)
    assert " ".join(words) == "play one two by z x now"
    assert spans == [("t", 1, 3), ("a", 4, 6)]


def test_a_coffee_order_has_one_drink_and_no_slot_twice():
    rng, grammar = np.random.default_rng(1), coffee_grammar()
    for _ in range(200):
        request = coffee_request(grammar, rng)
        names = [slot.name for slot in slots_of(request.words, request.tags)]
        assert names.count("coffeeDrink") == 1
        assert len(set(names)) == len(names)
        assert set(names) <= set(COFFEE_SLOTS.values())


def test_slots_hold_what_their_rules_can_say():
    rng, grammar = np.random.default_rng(2), coffee_grammar()
    rules = ("size", "roast", "drink")
    values = {rule: {" ".join(each.split()) for each in grammar.alternatives(rule)} for rule in rules}
    for _ in range(200):
        request = coffee_request(grammar, rng)
        for slot in slots_of(request.words, request.tags):
            for rule, own in values.items():
                if slot.name == COFFEE_SLOTS[rule]:
                    assert slot.value in own


def test_every_way_to_ask_the_speaker_has_an_intent():
    grammar = speaker_grammar()
    starts = {REFERENCE.findall(each)[0] for each in grammar.alternatives("start")}
    assert starts == set(SPEAKER_INTENTS)
    assert set(SPEAKER_SLOTS) <= set(grammar.rules)


@pytest.mark.parametrize("seed", range(3))
def test_requests_are_the_seeds_alone(seed):
    grammar = speaker_grammar()
    one, other = (speaker_request(grammar, np.random.default_rng(seed)) for _ in range(2))
    assert one == other
    assert len(one.tags) == len(one.words)
