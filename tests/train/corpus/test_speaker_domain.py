from __future__ import annotations

import re

import numpy as np

from azsim.train.corpus.coffee import coffee_grammar
from azsim.train.corpus.speaker_domain import speaker_grammar

WORD = re.compile(r"[a-z]+('[a-z]+)?")


def test_words_are_lower_case_without_digits() -> None:
    assert all(WORD.fullmatch(word) for word in speaker_grammar().vocabulary())


def test_vocabulary_stays_small_enough_for_a_small_model() -> None:
    words = speaker_grammar().vocabulary() | coffee_grammar().vocabulary()
    assert 350 <= len(words) <= 500


def test_sentences_vary() -> None:
    grammar, rng = speaker_grammar(), np.random.default_rng(0)
    drawn = [grammar.draw(rng) for _ in range(2000)]
    assert len(set(drawn)) > 1000
    assert max(len(text.split()) for text in drawn) <= 18
