"""The [context] table: what goes together, what a wrong one is told, one remark for one file."""

from __future__ import annotations

import warnings

import pytest

from azsim.compress import compress
from azsim.errors import AzsimWarning, InputError
from azsim.nn.graph.stored import save_graph
from azsim.speech.context.choice import ContextChoice
from azsim.speech.search.choice import GREEDY, SearchChoice
from tests.conftest import random_network
from tests.speech.context.adapters import adapter, spelling


@pytest.fixture
def names(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("@contact\nton lot\non\n")
    return path


def test_boosts_and_attention_are_made_for_a_recogniser(tmp_path, names):
    network = spelling(random_network(3, joint=12))
    model = tmp_path / "context.safetensors"
    save_graph(adapter(network), model, {"heads": 2})
    chosen = ContextChoice(str(names), 2.0, True, str(model))
    chosen.check(SearchChoice())
    assert chosen.boosts(network).nodes == 9
    assert chosen.attended(compress(network, weight_bits=8, codec="raw")).entries == ("ton lot", "on")


def test_each_part_can_be_left_out(names):
    network = random_network(3)
    assert ContextChoice(str(names), 0.0).boosts(network) is None
    assert ContextChoice(str(names), attention=False).attended(compress(network)) is None


@pytest.mark.parametrize(
    ("chosen", "search", "said"),
    [
        ({"boost": 0.0}, SearchChoice(), "the names would not be used; leave the table out"),
        ({}, GREEDY, "boost: needs hypotheses"),
    ],
)
def test_what_cannot_be_is_refused(names, chosen, search, said):
    with pytest.raises(InputError, match=said):
        ContextChoice(str(names), **chosen).check(search)


def test_no_catalogue_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file; a catalogue of names is needed"):
        ContextChoice(str(tmp_path / "none.txt")).check(SearchChoice())


def test_a_remark_comes_once_for_a_file(names):
    names.write_text("on\non\n")
    chosen = ContextChoice(str(names))
    with pytest.warns(AzsimWarning, match="each counts once"):
        chosen.check(SearchChoice())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chosen.check(SearchChoice())
