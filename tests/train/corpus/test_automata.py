"""Grammars as automata: every sentence that is drawn has its probability, and those of a small one add up."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from azsim.cloud.domain_model import DomainModel
from azsim.train.corpus.automata import both_grammars, together, unfolded, with_an
from azsim.train.corpus.coffee import coffee_grammar, draw_order
from azsim.train.corpus.grammar import Grammar
from azsim.train.corpus.speaker_domain import speaker_grammar

SMALL = Grammar({"start": "3* turn {switch} the {lamp} | {lamp} {switch} {please}", "lamp": "light | lamp",
                 "switch": "2* on | off", "please": "3* {nothing} | please", "nothing": ""})  # fmt: skip


def test_a_small_grammars_sentences_have_the_shares_of_its_rules() -> None:
    model = DomainModel(together([(unfolded(SMALL), 1.0)]))
    assert math.exp(model.sentence(["turn", "on", "the", "lamp"])) == pytest.approx(3 / 4 * 2 / 3 / 2)
    assert math.exp(model.sentence(["light", "off"])) == pytest.approx(1 / 4 / 2 / 3 * 3 / 4)
    assert math.exp(model.sentence(["light", "off", "please"])) == pytest.approx(1 / 4 / 2 / 3 / 4)
    rng = np.random.default_rng(0)
    drawn = {SMALL.draw(rng) for _ in range(2000)}
    assert sum(math.exp(model.sentence(each.split())) for each in drawn) == pytest.approx(1)


def test_draws_come_as_often_as_they_are_probable() -> None:
    model = DomainModel(together([(unfolded(SMALL), 1.0)]))
    rng = np.random.default_rng(1)
    counts = Counter(SMALL.draw(rng) for _ in range(4000))
    for sentence, count in counts.items():
        share = math.exp(model.sentence(sentence.split()))
        assert abs(count / 4000 - share) < 5 * math.sqrt(share / 4000)


def test_an_stands_before_vowels_alone_and_takes_nothing_away() -> None:
    grammar = Grammar({"start": "i want a {drink} | a {drink} please", "drink": "latte | espresso | iced coffee"})
    plain, other = (DomainModel(together([(each, 1.0)])) for each in (unfolded(grammar), with_an(unfolded(grammar))))
    without = plain.sentence(["i", "want", "a", "espresso"])
    assert other.sentence(["i", "want", "an", "espresso"]) == pytest.approx(without)
    assert other.sentence(["i", "want", "a", "latte"]) == pytest.approx(math.log(1 / 6))
    for wrong in ("i want a espresso", "i want an latte"):
        assert other.sentence(wrong.split()) == -math.inf


def test_both_grammars_know_whatever_is_drawn_from_them() -> None:
    automaton = both_grammars()
    model, rng = DomainModel(automaton), np.random.default_rng(2)
    coffee, speaker = coffee_grammar(), speaker_grammar()
    for _ in range(100):
        for said in (draw_order(coffee, rng), speaker.draw(rng)):
            assert model.sentence(said.split()) > -40, said
    assert set(automaton.words) == coffee.vocabulary() | speaker.vocabulary() | {"an"}
    assert len(automaton.sources) < 10_000
