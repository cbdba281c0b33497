"""What a graph refuses when it is made, and what it knows of itself."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.nn.graph.executor import Model
from azsim.nn.graph.graph import Carried, Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.add import Add
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.stack import Stack

PARAMETERS = {"w": np.ones((3, 4), np.float32), "b": np.zeros(3, np.float32), "square": np.ones((3, 3), np.float32)}
DENSE = Node("dense", Dense(), ("x",), ("y",), {"weights": "w", "bias": "b"})


def graph(nodes, outputs=("y",), inputs=None, parameters=PARAMETERS, carried=()) -> Graph:
    return Graph("net", inputs or {"x": Tensor((4,))}, outputs, tuple(nodes), parameters, tuple(carried))


def test_tensors_have_the_shapes_and_rates_that_the_operators_give() -> None:
    made = graph([DENSE, Node("pair", Stack(2), ("y",), ("z",))], ("z",))
    assert made.tensors == {"x": Tensor((4,)), "y": Tensor((3,)), "z": Tensor((6,)).slower(2)}
    assert made.weight_matrices == ("w",)
    assert made.producers["z"].name == "pair"
    assert [(node.name, at) for node, at in made.consumers("y")] == [("pair", 0)]


def test_nodes_are_put_in_an_order_in_which_they_run() -> None:
    made = graph([Node("sum", Add(), ("y", "y"), ("z",)), DENSE], ("z",))
    assert [node.name for node in made.nodes] == ["dense", "sum"]


def test_a_loop_through_a_state_is_no_cycle() -> None:
    nodes = [
        Node("again", Dense(), ("before",), ("kept",), {"weights": "square"}),
        DENSE,
        Node("sum", Add(), ("y", "kept"), ("now",)),
        Node("double", Add(), ("now", "now"), ("out",)),
    ]
    made = graph(nodes, ("out",), carried=[Carried("before", "now", Tensor((3,)))])
    assert made.looped == {"again", "sum"}


BAD = {
    "a cycle": (lambda: graph([Node("a", Add(), ("x", "q"), ("p",)), Node("b", Add(), ("p", "x"), ("q",))], ("q",)),
                "graph net: nodes a, b: a cycle without a state"),
    "a tensor of nobody": (lambda: graph([Node("a", Add(), ("x", "xx"), ("y",))]),
                           "node a (add): input 'xx': nothing makes it; did you mean 'x'?"),
    "an output of nobody": (lambda: graph([DENSE], ("z",)), "tensor 'z': nothing makes it"),
    "a tensor made twice": (lambda: graph([DENSE, Node("more", Add(), ("x", "x"), ("y",))]),
                            "tensor 'y': is there twice"),
    "a node twice": (lambda: graph([DENSE, Node("dense", Add(), ("y", "y"), ("z",))]), "node 'dense': is there twice"),
    "a shape": (lambda: graph([DENSE], inputs={"x": Tensor((5,))}), "input 5: last axis must be 4"),
    "shapes that do not broadcast": (lambda: graph([DENSE, Node("a", Add(), ("x", "y"), ("z",))]),
                                     "shapes (4,) and (3,): do not broadcast"),
    "rates": (lambda: graph([DENSE, Node("s", Stack(2), ("y",), ("t",)), Node("u", Stack(2), ("x",), ("v",)),
                             Node("a", Add(), ("t", "y"), ("z",))]), "must come equally often"),
    "a parameter": (lambda: graph([Node("d", Dense(), ("x",), ("y",), {"weights": "v"})]),
                    "parameter weights = 'v': is not there"),
    "a role": (lambda: graph([Node("d", Dense(), ("x",), ("y",), {"weight": "w"})]),
               "parameter 'weight': must be one of weights, bias; did you mean 'weights'?"),
    "no parameter": (lambda: graph([Node("d", Dense(), ("x",), ("y",), {})]), "parameter 'weights': missing"),
    "a vector for a matrix": (lambda: graph([Node("d", Dense(), ("x",), ("y",), {"weights": "b"})]),
                              "shape (3,): must be a matrix"),
    "a state of another shape": (lambda: graph([DENSE], carried=[Carried("s", "y", Tensor((4,)))]),
                                 "state s (4): follows y (3)"),
    "a start of another shape": (lambda: graph([DENSE], carried=[Carried("s", "y", Tensor((3,)), np.zeros(2))]),
                                 "state s: starts with shape (2,): must be (3,)"),
    "outputs": (lambda: graph([Node("d", Dense(), ("x",), ("y", "z"), {"weights": "w"})]), "2 outputs: must be 1"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_what_does_not_fit_is_refused_by_name(bad: str) -> None:
    make, message = BAD[bad]
    with pytest.raises(InputError) as raised:
        make()
    assert message in str(raised.value)
    assert str(raised.value).startswith("graph net: ")


def test_a_loop_keeps_its_rate() -> None:
    nodes = [Node("s", Stack(2, joined=False), ("before",), ("now",))]
    with pytest.raises(InputError, match=r"state before \(4\): follows now \(2x4 every 2\)"):
        graph(nodes, ("now",), carried=[Carried("before", "now", Tensor((4,)))])


def test_an_unknown_node_is_named() -> None:
    with pytest.raises(InputError, match="node 'dens': there is none; did you mean 'dense'"):
        graph([DENSE]).node("dens")


def test_parameters_that_are_no_numbers_are_refused_by_whoever_reads_them() -> None:
    broken = graph([DENSE], parameters=PARAMETERS | {"w": np.full((3, 4), np.nan, np.float32)})
    message = r"graph net: node dense \(dense\): parameter weights = 'w': holds values that are not finite numbers"
    with pytest.raises(InputError, match=message):
        Model.in_float(broken)
    with pytest.raises(InputError, match=message):
        IntegerGraph(broken, {}, {})
