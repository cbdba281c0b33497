"""A graph can be read as text and as a drawing: every node, tensor, grid and state is there."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from azsim.nn.graph.graph import Carried, Graph, Node
from azsim.nn.graph.svg import graph_svg
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.graph.text import graph_text
from azsim.nn.operators.add import Add
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.last_of import LastOf

NODES = (
    Node("front <1>", Conv1d(3, stride=2), ("x",), ("y",), {"weights": "w"}),
    Node("join", Add(), ("y", "before"), ("now",)),
    Node("last", LastOf(5), ("now",), ("out",)),
)
GRAPH = Graph(
    "net", {"x": Tensor((4,))}, ("out",), NODES, {"w": np.ones((6, 12), np.float32)},
    (Carried("before", "now", Tensor((6,)).slower(2)),),
)  # fmt: skip


def test_as_text() -> None:
    assert graph_text(GRAPH, {"y": Grid(16, 0.25), "x": None}) == "\n".join(
        [
            "graph net",
            "  input   x (4)",
            "  state   before (6 every 2): now of the step before",
            "  front <1>  conv1d(taps=3, stride=2): x -> y (6 every 2) int16 x 0.25; weights 6x12",
            "  join       add: y, before -> now (6 every 2)  [step by step]",
            "  last       last_of(steps=5): now -> out (6 every 10)",
            "  output  out (6 every 10)",
            "  72 weights in 1 matrices, 0 others",
        ]
    )


def test_as_a_drawing() -> None:
    drawing = graph_svg(GRAPH, {"y": Grid(16, 0.25)})
    root = ElementTree.fromstring(drawing)
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "front <1>: conv1d(taps=3, stride=2)" in texts
    assert "y (6 every 2) int16 x 0.25" in texts
    assert {"input x", "state before", "output out"} <= set(texts)
    paths = [each.get("class") for each in root.iter("{http://www.w3.org/2000/svg}path")]
    assert len(paths) == 4 + 1 + 1
    assert paths.count("state") == 1
