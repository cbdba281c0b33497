from __future__ import annotations

import numpy as np
import pytest

from azsim.train.corpus.grammar import Grammar


def test_draws_follow_the_weights() -> None:
    grammar = Grammar({"start": "3* turn {switch} | stop", "switch": "on | off"})
    rng = np.random.default_rng(0)
    drawn = [grammar.draw(rng) for _ in range(2000)]
    assert set(drawn) == {"turn on", "turn off", "stop"}
    assert drawn.count("stop") == pytest.approx(500, abs=70)


def test_same_generator_same_sentences() -> None:
    grammar = Grammar({"start": "{a} {a} {a}", "a": "one | two | 0.5* three"})
    first = [grammar.draw(np.random.default_rng(7)) for _ in range(3)]
    assert len(set(first)) == 1


def test_empty_alternatives_leave_no_double_space() -> None:
    grammar = Grammar({"start": "a {nothing} b", "nothing": ""})
    assert grammar.draw(np.random.default_rng(0)) == "a b"


def test_vocabulary_holds_every_drawn_word() -> None:
    grammar = Grammar({"start": "turn {switch} | 2* stop", "switch": "on | off"})
    assert grammar.vocabulary() == {"turn", "on", "off", "stop"}


def test_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown rule 'lamp'"):
        Grammar({"start": "turn on the {lamp}"})


def test_replacing_changes_one_rule_only() -> None:
    grammar = Grammar({"start": "{a} {b}", "a": "x", "b": "y"}).replacing({"b": "z"})
    assert grammar.draw(np.random.default_rng(0)) == "x z"
