"""Sentences whose names are known: each split keeps to its side, the names stand in the text where they are said."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.train.corpus.heldout import OOV_RULES, name_side, sentence_side
from azsim.train.corpus.name_lists import NAMERS
from azsim.train.corpus.named import MEASURED, TRAINING, TUNING, NamedPlanner, names_of
from azsim.train.corpus.speaker_domain import RULES, speaker_grammar

SEEN, UNSEEN, WITHOUT = MEASURED
HELD_OUT = {name.strip() for rule in OOV_RULES.values() for name in rule.split("|")}
OWN = {" ".join(name.split()) for rule in OOV_RULES for name in RULES[rule].split("|")}


def drawn(chosen, count=60):
    planner = NamedPlanner(1, chosen)
    return [planner.utterance(index) for index in range(count)]


def test_an_utterance_depends_on_its_number_alone():
    one, other = NamedPlanner(1, TRAINING), NamedPlanner(1, TRAINING)
    for index in (7, 3):
        assert one.utterance(index)[0].text == other.utterance(index)[0].text
    assert one.utterance(5)[0].text != NamedPlanner(2, TRAINING).utterance(5)[0].text


@pytest.mark.parametrize("chosen", [TRAINING, TUNING, *MEASURED], ids=lambda chosen: chosen.name)
def test_names_are_said_in_their_order(chosen):
    for utterance, names in drawn(chosen):
        rest = f" {utterance.text} "
        for _, name in names:
            assert f" {name} " in rest
            rest = " " + rest.split(f" {name} ", 1)[1]
        assert "@" not in utterance.text


def test_each_split_has_names_of_its_side():
    for _, names in drawn(TRAINING, 150):
        assert all(name in OWN or name_side(name) == "train" for _, name in names)
        assert not HELD_OUT & {name for _, name in names}
    for _, names in drawn(TUNING):
        assert all(name_side(name) == "tune" for _, name in names)
        assert not HELD_OUT & {name for _, name in names}
    assert all(name in HELD_OUT for _, names in drawn(UNSEEN) for _, name in names)
    assert all(name in OWN for _, names in drawn(SEEN) for _, name in names)
    assert not any(names for _, names in drawn(WITHOUT))


def test_voices_and_sentences_keep_their_sides():
    assert not any(utterance.voice.unseen for utterance, _ in drawn(TRAINING))
    assert all(sentence_side(utterance.text) == "train" for utterance, _ in drawn(TRAINING))
    assert all(sentence_side(utterance.text) == "test" for utterance, _ in drawn(SEEN))
    voices = [utterance.voice.unseen for utterance, _ in drawn(UNSEEN)]
    assert voices == [index % 2 == 0 for index in range(len(voices))]


def test_names_come_back_from_an_entry():
    assert names_of({"names": "contact=anna baker|city=oslo"}) == (("contact", "anna baker"), ("city", "oslo"))
    assert names_of({"names": ""}) == ()


@pytest.mark.parametrize("kind", NAMERS)
def test_listed_names_are_words_and_none_is_held_out(kind):
    rng = np.random.default_rng(3)
    names = {NAMERS[kind](rng) for _ in range(400)}
    assert len(names) > 50
    assert all(name.replace(" ", "").isalpha() and name == name.lower() for name in names)
    assert not names & HELD_OUT
    assert set(NAMERS) <= set(speaker_grammar().rules)
