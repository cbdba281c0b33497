"""One LSTM step of the integer engine on given int8 weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.operator import Weights
from azsim.nn.graph.tensor import Grid, Tensor
from azsim.nn.operators.lstm import Lstm
from azsim.nn.rnnt.formats import DEFAULT_CELL_BITS, DEFAULT_HIDDEN_BITS


def int8_lstm(weights: np.ndarray, vector: np.ndarray) -> Callable[[], None]:
    """A step, ready to be called: int8 weights ``(4 units, inputs + units)`` on a vector ``(inputs + units,)``."""
    units = weights.shape[0] // 4
    columns = weights.shape[1] - units
    parts = {"input": weights[:, :columns], "recurrent": weights[:, columns:]}
    node = Node("lstm", Lstm(), ("x",), ("h",), {role: role for role in parts})
    zeros = {role: np.broadcast_to(np.float32(0), part.shape) for role, part in parts.items()}
    graph = Graph("lstm", {"x": Tensor((columns,))}, ("h",), (node,), zeros)
    grids = {"x": Grid(8, 2.0**-6), "h": Grid(8, 2.0**-DEFAULT_HIDDEN_BITS)}
    scaled = {role: Weights.of(np.ascontiguousarray(part), 2.0**-13) for role, part in parts.items()}
    integers = IntegerGraph(graph, scaled, {**grids, "lstm.cell": Grid(16, 2.0**-DEFAULT_CELL_BITS)})
    executor, entering = Executor(Model.in_integers(integers)), {"x": vector[None, :columns].copy()}

    def step() -> None:
        executor.push(entering)

    return step
