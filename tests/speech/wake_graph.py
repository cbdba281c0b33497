"""A small network with the input and output of the wake word's detector: loud high bands make it fire."""

from __future__ import annotations

import numpy as np

from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.sigmoid import Sigmoid


def detector_network() -> IntegerGraph:
    """Fires while the upper half of the bands is far above the lower one, as in no sound of the tests."""
    sign = np.where(np.arange(192) % 64 >= 32, 1, -1)[None].astype(np.float32) / 24
    nodes = (
        Node("logit", Dense(), ("frames",), ("logit",), {"weights": "w", "bias": "b"}),
        Node("posterior", Sigmoid(), ("logit",), ("posterior",)),
    )
    parameters = {"w": sign, "b": np.full(1, -12, np.float32)}
    graph = Graph("detector", {"frames": Tensor((192,))}, ("posterior",), nodes, parameters)
    rng = np.random.default_rng(1)
    return calibrated(graph, [{"frames": rng.uniform(-3, 3, (50, 1)).astype(np.float32) * np.sign(sign)}])


def word_frames(length: int = 30) -> np.ndarray:
    """Log-mel frames at which it fires."""
    return np.repeat(np.where(np.arange(64) >= 32, 18, 2)[None], length, axis=0).astype(np.float32)
