"""Small networks with the inputs and outputs of the end-pointer's, their weights drawn."""

from __future__ import annotations

import numpy as np

from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.embedding import Embedding
from azsim.nn.operators.lstm import Lstm
from azsim.nn.operators.sigmoid import Sigmoid


def activity_network(seed: int = 1) -> IntegerGraph:
    """From steps of 192 to two posteriors."""
    rng = np.random.default_rng(seed)
    parameters = {
        "w": rng.normal(0, 0.1, (16, 192)), "r": rng.normal(0, 0.5, (16, 4)), "d": rng.normal(0, 3, (2, 4)),
    }  # fmt: skip
    nodes = (
        Node("state", Lstm(), ("frames",), ("state",), {"input": "w", "recurrent": "r"}),
        Node("logits", Dense(), ("state",), ("logits",), {"weights": "d"}),
        Node("posteriors", Sigmoid(), ("logits",), ("posteriors",)),
    )
    graph = Graph("activity", {"frames": Tensor((192,))}, ("posteriors",), nodes, _float32(parameters))
    return calibrated(graph, [{"frames": rng.normal(0, 1, (50, 192)).clip(-3, 3).astype(np.float32)}])


def sentence_network(seed: int = 2) -> IntegerGraph:
    """From letters to a posterior."""
    rng = np.random.default_rng(seed)
    parameters = {
        "t": rng.normal(0, 1, (28, 6)), "w": rng.normal(0, 1, (16, 6)), "r": rng.normal(0, 0.5, (16, 4)),
        "d": rng.normal(0, 3, (1, 4)),
    }  # fmt: skip
    nodes = (
        Node("table", Embedding(), ("letters",), ("seen",), {"weights": "t"}),
        Node("state", Lstm(), ("seen",), ("state",), {"input": "w", "recurrent": "r"}),
        Node("logit", Dense(), ("state",), ("logit",), {"weights": "d"}),
        Node("posterior", Sigmoid(), ("logit",), ("posterior",)),
    )
    graph = Graph("sentence", {"letters": Tensor((), holds="index")}, ("posterior",), nodes, _float32(parameters))
    return calibrated(graph, [{"letters": rng.integers(0, 28, 80)}])


def _float32(parameters: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value.astype(np.float32) for name, value in parameters.items()}
