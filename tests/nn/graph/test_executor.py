"""Pieces of any length give the same; state can be kept and gone back to; loops run step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.errors import InputError
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Carried, Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.operator import Weights
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.add import Add
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.last_of import LastOf
from azsim.nn.operators.lstm import Lstm
from azsim.nn.operators.stack import Stack

RNG = np.random.default_rng(5)
W = {
    "into": RNG.normal(0, 0.5, (3, 4)).astype(np.float32),
    "again": RNG.normal(0, 0.3, (3, 3)).astype(np.float32),
    "gates": RNG.normal(0, 0.5, (8, 4)).astype(np.float32),
    "gates.again": RNG.normal(0, 0.5, (8, 2)).astype(np.float32),
    "out": RNG.normal(0, 0.5, (3, 4)).astype(np.float32),
}
GRID = Grid(8, 2.0**-5)
GRIDS = {name: GRID for name in ("x", "before", "y", "kept", "now", "lstm", "wide")} | {"lstm.cell": Grid(16, 2.0**-11)}


def network(loop: bool) -> Graph:
    """A dense layer, perhaps with a loop around it, beside an LSTM at half the rate that is joined to it."""
    nodes = [
        Node("dense", Dense(), ("x",), ("y",), {"weights": "into"}),
        Node("lstm", Lstm(), ("x",), ("lstm",), {"input": "gates", "recurrent": "gates.again"}),
        Node("two", Stack(2), ("lstm",), ("pairs",)),
        Node("wide", Dense(), ("pairs",), ("wide",), {"weights": "out"}),
        Node("last", LastOf(2), ("now" if loop else "y",), ("half",)),
        Node("both", Add(), ("half", "wide"), ("sum",)),
    ]
    carried = ()
    if loop:
        nodes += [
            Node("again", Dense(), ("before",), ("kept",), {"weights": "again"}),
            Node("now", Add(), ("y", "kept"), ("now",)),
        ]
        carried = (Carried("before", "now", Tensor((3,)), np.array([0.5, -0.5, 1.0])),)
    used = {name: W[name] for node in nodes for name in node.parameters.values()}
    return Graph("net", {"x": Tensor((4,))}, ("sum", "half"), tuple(nodes), used, carried)


def integers(graph: Graph) -> IntegerGraph:
    weights = {name: Weights.of(np.rint(W[name] * 64).astype(np.int8), 1 / 64) for name in graph.weight_matrices}
    stated = {name: grid for name, grid in GRIDS.items() if name in graph.tensors or name == "lstm.cell"}
    return IntegerGraph(graph, weights, stated | {"sum": Grid(16, 2.0**-9)})


@given(st.booleans(), st.lists(st.integers(0, 5), min_size=1, max_size=9), st.booleans())
def test_pieces_of_any_length_give_the_same(loop: bool, lengths: list[int], in_integers: bool) -> None:
    graph = network(loop)
    model = Model.in_integers(integers(graph)) if in_integers else Model.in_float(graph)
    steps = np.random.default_rng(1).normal(0, 1, (sum(lengths), 4)).astype(np.float32)
    steps = GRID.quantise(steps) if in_integers else steps
    whole, executor = Executor(model).push({"x": steps}), Executor(model)
    parts = [executor.push({"x": part}) for part in np.split(steps, np.cumsum(lengths)[:-1])]
    for name, wanted in whole.items():
        found = np.concatenate([part[name] for part in parts])
        assert found.dtype == wanted.dtype
        assert len(found) == len(steps) // 2
        assert np.array_equal(found, wanted) if in_integers else np.allclose(found, wanted, atol=1e-6)


def test_a_loop_is_the_recurrence_written_out() -> None:
    steps = np.random.default_rng(2).normal(0, 1, (6, 4)).astype(np.float32)
    found = Executor(Model.in_float(network(loop=True))).push({"x": steps})["half"]
    state, wanted = np.array([0.5, -0.5, 1.0]), []
    for step in steps:
        state = W["into"] @ step + W["again"] @ state
        wanted.append(state)
    assert np.allclose(found, wanted[1::2], atol=1e-5)


def test_a_state_may_follow_an_input() -> None:
    graph = Graph(
        "delay", {"x": Tensor((2,))}, ("out",), (Node("sum", Add(), ("x", "before"), ("out",)),), {},
        (Carried("before", "x", Tensor((2,))),),
    )  # fmt: skip
    executor, steps = Executor(Model.in_float(graph)), np.arange(8, dtype=np.float32).reshape(4, 2)
    found = np.concatenate([executor.push({"x": steps[:1]})["out"], executor.push({"x": steps[1:]})["out"]])
    assert np.array_equal(found, steps + np.concatenate([np.zeros((1, 2)), steps[:-1]]))


@pytest.mark.parametrize("loop", [False, True])
def test_a_snapshot_is_gone_back_to(loop: bool) -> None:
    executor = Executor(Model.in_integers(integers(network(loop))))
    steps = GRID.quantise(np.random.default_rng(3).normal(0, 1, (9, 4)))
    executor.push({"x": steps[:3]})
    kept = executor.snapshot()
    first = executor.push({"x": steps[3:]})
    executor.push({"x": steps})
    executor.restore(kept)
    again = executor.push({"x": steps[3:]})
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert kept.size_bytes > 0


def test_the_float_reference_shows_every_tensor() -> None:
    seen: dict[str, int] = {}

    def observe(name: str, values: np.ndarray) -> None:
        seen[name] = seen.get(name, 0) + len(values)

    model = Model.in_float(network(loop=True), observe)
    Executor(model).push({"x": np.zeros((4, 4), np.float32)})
    assert seen["y"] == seen["now"] == 4
    assert seen["half"] == 2
    assert seen["lstm.cell"] == 4 * 2


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ({}, "fed nothing: takes x"),
        ({"x": np.zeros((3, 5), np.int8)}, r"input x: shape \(3, 5\): must be \(n, 4\)"),
        ({"x": np.zeros(4, np.int8)}, r"input x: shape \(4,\)"),
        ({"x": np.zeros((3, 4), np.float32)}, "input x: float32: must be int8"),
    ],
)
def test_what_is_not_an_input_is_refused(pieces: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Executor(Model.in_integers(integers(network(loop=False)))).push(pieces)
