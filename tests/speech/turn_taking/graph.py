"""A network with the inputs and outputs of turn-taking's that anybody can check: loud is speech, facing is directed."""

from __future__ import annotations

import numpy as np

from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.concat import Concat
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.reduce import Reduce
from azsim.nn.operators.reshape import Reshape
from azsim.nn.operators.sigmoid import Sigmoid
from azsim.speech.turn_taking.tracks import FACING, FEATURES, PEOPLE


def facing_graph() -> Graph:
    """Speech where features are above their middle; directed where people face the device on the whole."""
    weights = np.zeros((2, 192 + FEATURES), np.float32)
    weights[0, :192], weights[1, 192 + FACING] = 8 / 192, 8
    nodes = (
        Node("together", Reduce((0,)), ("people",), ("together",)),
        Node("view", Reshape((FEATURES,)), ("together",), ("view",)),
        Node("both", Concat(), ("frames", "view"), ("both",)),
        Node("logits", Dense(), ("both",), ("logits",), {"weights": "w"}),
        Node("posteriors", Sigmoid(), ("logits",), ("posteriors",)),
    )
    inputs = {"frames": Tensor((192,)), "people": Tensor((PEOPLE, FEATURES))}
    return Graph("facing", inputs, ("posteriors",), nodes, {"w": weights})


def facing_network() -> GraphNetwork:
    """The same with its integers."""
    graph = facing_graph()
    integers = integers_of_facing(graph)
    return GraphNetwork(graph, "facing", 1000 / 30, integers.stated, integers.weights)


def integers_of_facing(graph: Graph | None = None) -> IntegerGraph:
    """The same in integers."""
    rng = np.random.default_rng(3)
    level = rng.uniform(-3, 3, (60, 1)).astype(np.float32)
    people = rng.uniform(-1, 1, (60, PEOPLE, FEATURES)).astype(np.float32)
    return calibrated(graph or facing_graph(), [{"frames": np.repeat(level, 192, axis=1), "people": people}])


def loud(length: int) -> np.ndarray:
    """Log-mel frames that are speech to it."""
    return np.full((length, 64), 20, np.float32)


def quiet(length: int) -> np.ndarray:
    """Log-mel frames that are none."""
    return np.full((length, 64), 0, np.float32)
