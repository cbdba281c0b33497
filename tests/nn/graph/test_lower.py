"""Programs of a graph: one a rate, work in order, products that wait only for what is not there."""

from __future__ import annotations

import numpy as np

from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.lower import graph_programs
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.add import Add
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.embedding import Embedding
from azsim.nn.operators.stack import Stack
from azsim.nn.operators.tanh import Tanh
from azsim.nn.operators.unstack import Unstack
from azsim.nn.program import VectorWork

W = {"a": np.ones((4, 4), np.float32), "b": np.ones((3, 8), np.float32)}


def dense(name: str, source: str, target: str, matrix: str = "a") -> Node:
    return Node(name, Dense(), (source,), (target,), {"weights": matrix})


def test_nodes_that_run_equally_often_make_one_program() -> None:
    nodes = (dense("one", "x", "y"), Node("pair", Stack(2), ("y",), ("z",)), dense("two", "z", "out", "b"))
    programs = graph_programs(Graph("net", {"x": Tensor((4,))}, ("out",), nodes, W))
    assert {name: (each.matrices, each.period_steps) for name, each in programs.items()} == {
        "net.0": (("a",), 1),
        "net.1": (("b",), 2),
    }
    assert [stage.output_bytes for each in programs.values() for stage in each.stages] == [0, 3]
    assert programs["net.1"].stages[0].uses[0].operand == "ready"
    assert programs["net.1"].frames(8) == 4


def test_a_product_waits_once_for_what_several_read() -> None:
    nodes = (dense("q", "x", "y"), dense("r", "y", "z"), dense("s", "y", "u"), Node("a", Add(), ("z", "u"), ("v",)))
    program = graph_programs(Graph("net", {"x": Tensor((4,))}, ("v",), nodes, W))["net.0"]
    assert [stage.uses[0].operand for stage in program.stages] == ["ready", "previous", "ready"]
    assert program.stages[2].vector == (VectorWork("multiply-add", 8),)


def test_vector_work_before_the_first_product_joins_it() -> None:
    nodes = (
        Node("row", Embedding(), ("label",), ("r",), {"weights": "a"}),
        Node("t", Tanh(), ("r",), ("s",)),
        dense("d", "s", "y"),
        Node("u", Tanh(), ("y",), ("v",)),
    )
    program = graph_programs(Graph("net", {"label": Tensor((), holds="index")}, ("v",), nodes, W))["net.0"]
    assert program.lookup_bytes == 4
    (stage,) = program.stages
    assert stage.uses[0].operand == "ready"
    work = [("tanh", 4), ("multiply-add", 8), ("tanh", 4), ("multiply-add", 4)]
    assert [(each.function, each.elements) for each in stage.vector] == work


def test_nodes_that_only_move_values_make_no_program() -> None:
    weights = np.ones((4, 3), np.float32)
    nodes = (
        Node("each", Unstack(), ("x",), ("e",)),
        Node("layer", Dense(), ("e",), ("d",), {"weights": "w"}),
        Node("joined", Stack(2, joined=False), ("d",), ("y",)),
    )
    graph = Graph("net", {"x": Tensor((2, 3))}, ("y",), nodes, {"w": weights})
    (program,) = graph_programs(graph).values()
    assert [stage.name for stage in program.stages] == ["layer"]
