"""The drawing has every edge with its word and posterior."""

from __future__ import annotations

from azsim.speech.lattice.graphviz import to_graphviz
from azsim.speech.lattice.lattice import Lattice


def test_words_stand_on_edges_with_their_posteriors() -> None:
    rows = [(0, 1, "turn", 0, 30, -0.105361, 0.0), (0, 1, 'b"urn', 0, 30, -2.302585, 0.0)]
    text = to_graphviz(Lattice.of_edges("u", rows, {1: (0.0, 0.0)}))
    assert '0 -> 1 [label="turn 0.90"' in text
    assert '0 -> 1 [label="b\\"urn 0.10"' in text
    assert "1 [shape=doublecircle]" in text
    assert text.startswith("digraph")
