"""Batch normalisation put into the weights before it computes the same."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.fold import fold_batch_norms
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.add import Add
from azsim.nn.operators.batch_norm import BatchNorm
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.conv2d import Conv2d
from azsim.nn.operators.dense import Dense

RNG = np.random.default_rng(3)
NORM = {"scale": RNG.normal(0, 1, 3).astype(np.float32), "offset": RNG.normal(0, 1, 3).astype(np.float32)}
LAYERS = [
    (Dense(), (4,), (3, 4), 0),
    (Dense(), (2, 4), (3, 4), -1),
    (Conv1d(2), (4,), (3, 8), 0),
    (Conv2d((2, 2)), (4, 3, 3), (3, 16), 0),
]


def network(operator, source, shape, axis, bias: bool, more: bool = False) -> Graph:
    parameters = NORM | {"w": RNG.normal(0, 1, shape).astype(np.float32)}
    roles = {"weights": "w"}
    if bias:
        parameters["b"], roles["bias"] = RNG.normal(0, 1, 3).astype(np.float32), "b"
    norm = {"scale": "scale", "offset": "offset"}
    nodes = [Node("layer", operator, ("x",), ("y",), roles), Node("norm", BatchNorm(axis), ("y",), ("z",), norm)]
    nodes += [Node("more", Add(), ("y", "z"), ("u",))] if more else []
    return Graph("net", {"x": Tensor(source)}, ("u",) if more else ("z",), tuple(nodes), parameters)


@pytest.mark.parametrize(("operator", "source", "shape", "axis"), LAYERS)
@pytest.mark.parametrize("bias", [False, True])
def test_one_layer_computes_what_two_did(operator, source, shape, axis, bias) -> None:
    graph = network(operator, source, shape, axis, bias)
    folded = fold_batch_norms(graph)
    assert [node.name for node in folded.nodes] == ["layer"]
    assert "scale" not in folded.parameters
    steps = RNG.normal(0, 1, (5, *source)).astype(np.float32)
    outputs = [Executor(Model.in_float(each)).push({"x": steps})["z"] for each in (graph, folded)]
    assert np.allclose(*outputs, atol=1e-5)


def test_a_layer_that_others_read_is_left_alone() -> None:
    graph = network(Dense(), (4,), (3, 4), 0, bias=True, more=True)
    assert fold_batch_norms(graph).nodes == graph.nodes


def test_another_axis_is_left_alone() -> None:
    graph = network(Dense(), (3, 4), (3, 4), 0, bias=False)
    assert [node.name for node in fold_batch_norms(graph).nodes] == ["layer", "norm"]
