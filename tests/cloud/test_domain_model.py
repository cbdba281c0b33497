"""Sentences of known domains: probabilities that add up, whatever is unknown, and files that are none."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.cloud.domain_model import DOMAIN_FILE, NEVER, Automaton, DomainModel
from azsim.cloud.language_model import LANGUAGE_MODEL
from azsim.errors import InputError
from azsim.nn.sealed import network_file


@st.composite
def automata(draw: st.DrawFn) -> Automaton:
    """Up to five states, any arcs that lead on."""
    states = draw(st.integers(1, 5))
    rows, ends = [], []
    for source in range(states):
        arcs = [
            (source, target, label)
            for target in range(source + 1, states)
            for label in range(2)
            if draw(st.booleans())
        ]
        shares = [draw(st.integers(1, 9)) for _ in range(len(arcs) + 1)]
        rows += [(*arc, share / sum(shares)) for arc, share in zip(arcs, shares)]
        ends.append(shares[-1] / sum(shares))
    columns = tuple(zip(*rows)) if rows else ((),) * 4
    return Automaton(("a", "b"), *columns, tuple(ends))


@settings(max_examples=25, deadline=None)
@given(automaton=automata())
def test_all_sentences_together_are_certain(automaton: Automaton) -> None:
    model = DomainModel(automaton)
    sentences = [each for length in range(5) for each in product("ab", repeat=length)]
    total = sum(math.exp(model.sentence(each)) for each in sentences)
    assert total == pytest.approx(1)
    for sentence in sentences:  # a word at a time comes to the same
        state, so_far = model.start, 0.0
        for word in sentence:
            score, state = model.word(state, word)
            so_far += score
        if so_far > NEVER:
            assert so_far + model.end(state) == pytest.approx(model.sentence(sentence))
            following = sum(math.exp(model.word(state, word)[0]) for word in "ab") + math.exp(model.end(state))
            assert following == pytest.approx(1)


def test_what_is_in_no_domain_never_comes_back() -> None:
    model = DomainModel(Automaton(("a",), (0,), (1,), (0,), (1.0,), (0.0, 1.0)))
    score, state = model.word(model.start, "b")
    assert (score, state.total, model.end(state)) == (NEVER, NEVER, NEVER)
    assert model.word(state, "a")[0] == NEVER
    assert model.sentence(("a",)) == 0


def test_the_shipped_one_knows_both_domains() -> None:
    model = DomainModel.read(network_file(LANGUAGE_MODEL).with_name(DOMAIN_FILE))
    for said in ("can i have a medium latte", "i want an espresso", "turn on the kitchen lights", "hang up"):
        assert model.sentence(said.split()) > -25
    for said in ("i want an latte", "turn on the", "", "the kitchen turn"):
        assert model.sentence(said.split()) == NEVER
    assert model.sentence(("call", "brian")) == pytest.approx(model.sentence(("call", "diana")))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"targets": (0,)}, "must lead on"),
        ({"labels": (3,)}, "label 3"),
        ({"probabilities": (0.5,)}, "add up to 0.5"),
        ({"probabilities": (math.nan,)}, "must be above 0"),
        ({"probabilities": (0.4, 0.6)}, "must be as many"),
        ({"ends": ()}, "states some"),
    ],
)
def test_what_is_no_automaton_is_refused(changes: dict[str, tuple], said: str, tmp_path: Path) -> None:
    fields = {"words": ("a",), "sources": (0,), "targets": (1,), "labels": (0,), "probabilities": (1.0,)}
    made = Automaton(**{**fields, "ends": (0.0, 1.0), **changes})
    with pytest.raises(InputError, match=said):
        DomainModel(made)
    if "probabilities" not in changes or not math.isnan(changes["probabilities"][0]):
        (tmp_path / "a.json").write_bytes(msgspec.json.encode(made))
        with pytest.raises(InputError, match=rf"a\.json: .*{said}"):
            DomainModel.read(tmp_path / "a.json")


def test_a_file_that_holds_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('{"words": 1}')
    with pytest.raises(InputError, match=r"b\.json: no automaton"):
        DomainModel.read(tmp_path / "b.json")
