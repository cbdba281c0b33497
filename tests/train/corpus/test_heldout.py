from __future__ import annotations

import numpy as np

from azsim.train.corpus.coffee import coffee_grammar
from azsim.train.corpus.heldout import OOV_RULES, UNSEEN_ESPEAK_VARIANTS, oov_grammar, sentence_side
from azsim.train.corpus.speaker_domain import speaker_grammar


def test_sides_have_their_shares() -> None:
    sides = [sentence_side(f"sentence {number}") for number in range(20_000)]
    assert abs(sides.count("test") / 20_000 - 0.05) < 0.01
    assert abs(sides.count("dev") / 20_000 - 0.03) < 0.01


def test_a_side_is_for_good() -> None:
    assert [sentence_side(text) for text in ("hang up", "stop the music", "what time is it")] == [
        "test",
        "train",
        "train",
    ]


def test_heldout_names_are_no_trained_names() -> None:
    grammar = speaker_grammar()
    for rule in OOV_RULES:
        assert not set(oov_grammar(grammar).alternatives(rule)) & set(grammar.alternatives(rule))


def test_oov_sentences_use_new_words() -> None:
    grammar, rng = speaker_grammar(), np.random.default_rng(0)
    known = grammar.vocabulary() | coffee_grammar().vocabulary()
    drawn = [oov_grammar(grammar).draw(rng) for _ in range(300)]
    assert any(not known.issuperset(text.split()) for text in drawn)


def test_sixteen_variants_are_unseen() -> None:
    assert len(set(UNSEEN_ESPEAK_VARIANTS)) == 16
