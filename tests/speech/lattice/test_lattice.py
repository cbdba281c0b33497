"""A lattice refuses what is none: cycles, lost nodes, scores that are no log-probabilities."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from azsim.errors import InputError
from azsim.speech.lattice.lattice import Lattice, Row
from tests.speech.lattice.cases import graphs

ENDS = {2: (0.0, 0.0)}


def row(source: int, target: int, word: str = "a", score: float = -1.0) -> Row:
    return (source, target, word, 0, 30, score, 0.0)


@given(graphs())
def test_nodes_are_numbered_so_that_edges_lead_on(made: tuple) -> None:
    lattice = Lattice.of_edges("u", *made)
    assert (lattice.sources < lattice.targets).all()
    assert lattice.leaving[-1] == lattice.edges
    for node in range(lattice.nodes):
        assert (lattice.sources[lattice.leaving[node] : lattice.leaving[node + 1]] == node).all()


def test_nodes_on_no_whole_path_are_left_out() -> None:
    lattice = Lattice.of_edges("u", [row(0, 5), row(5, 2), row(0, 7), row(8, 2)], ENDS)
    assert (lattice.nodes, lattice.edges) == (3, 2)


@pytest.mark.parametrize(
    ("rows", "ends", "said"),
    [
        ([row(0, 1), row(1, 3), row(3, 1), row(3, 2)], ENDS, "cycle"),
        ([row(0, 1)], ENDS, "no path"),
        ([row(0, 2, score=math.nan)], ENDS, "log-probability"),
        ([row(0, 2, score=0.5)], ENDS, "log-probability"),
        ([row(0, 2, score=-math.inf)], ENDS, "log-probability"),
        ([row(0, 2, word="")], ENDS, "no word"),
        ([], {}, "no path"),
    ],
)
def test_what_is_no_lattice_is_refused_in_words(rows: list[Row], ends: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Lattice.of_edges("u", rows, ends)


def test_more_edges_than_any_beam_makes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("azsim.speech.lattice.lattice.MOST_EDGES", 3)
    with pytest.raises(InputError, match="4 edges: at most 3"):
        Lattice.of_edges("u", [row(0, 2, word) for word in "abcd"], ENDS)


def test_silence_is_a_lattice_of_one_node() -> None:
    lattice = Lattice.of_edges("u", [], {0: (-1.0, 0.0)})
    assert (lattice.nodes, lattice.edges, lattice.is_deterministic) == (1, 0, True)
