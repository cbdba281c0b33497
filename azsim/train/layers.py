"""Lay out a new network as a graph, layer by layer, its parameters drawn from a seed.

::

    layers = Layers("vad", {"frames": Tensor((192,))}, rng)
    hidden = layers.lstm("lstm", "frames", 48)
    graph = layers.graph(outputs=(layers.dense("logit", hidden, 1),))
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.operator import Operator
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.conv1d import Conv1d
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.embedding import Embedding
from azsim.nn.operators.gru import Gru
from azsim.nn.operators.layer_norm import LayerNorm
from azsim.nn.operators.lstm import Lstm


class Layers:
    """A graph that grows; each method adds a node and gives the name of its output, which is the node's.

    Args:
        name: of the graph.
        inputs: name -> tensor.
        rng: draws the parameters.
    """

    def __init__(self, name: str, inputs: Mapping[str, Tensor], rng: np.random.Generator) -> None:
        self._name, self._inputs, self._rng = name, dict(inputs), rng
        self._nodes: list[Node] = []
        self._parameters: dict[str, np.ndarray] = {}
        self._tensors = dict(inputs)

    def add(
        self, name: str, operator: Operator, sources: str | Sequence[str], parameters: Mapping[str, np.ndarray] = {}
    ) -> str:
        """Any operator, with its parameters by role."""
        sources = (sources,) if isinstance(sources, str) else tuple(sources)
        named = {role: f"{name}.{role}" for role in parameters}
        values = {named[role]: np.asarray(value, np.float32) for role, value in parameters.items()}
        shapes = {role: value.shape for role, value in parameters.items()}
        (made,) = operator.infer(tuple(self._tensors[source] for source in sources), shapes)
        self._nodes.append(Node(name, operator, sources, (name,), named))
        self._parameters |= values
        self._tensors[name] = made
        return name

    def dense(self, name: str, source: str, rows: int, bias: bool = True) -> str:
        """`Dense`: uniform weights of deviation 1 / sqrt(columns)."""
        weights = self._uniform(rows, self.width(source), self.width(source))
        return self.add(name, Dense(), source, {"weights": weights} | ({"bias": np.zeros(rows)} if bias else {}))

    def embedding(self, name: str, source: str, rows: int, columns: int) -> str:
        """`Embedding`: normal rows of deviation 0.1."""
        return self.add(name, Embedding(), source, {"weights": self._rng.normal(0, 0.1, (rows, columns))})

    def lstm(self, name: str, source: str, units: int) -> str:
        """`Lstm`: orthogonal recurrent gates; the forget gate begins open."""
        bias = np.zeros(4 * units)
        bias[units : 2 * units] = 1
        return self.add(name, Lstm(), source, self._recurrent(source, units, 4) | {"bias": bias})

    def gru(self, name: str, source: str, units: int) -> str:
        """`Gru` with the reset after the product: orthogonal recurrent gates."""
        biases = {"bias": np.zeros(3 * units), "candidate_bias": np.zeros(units)}
        return self.add(name, Gru(), source, self._recurrent(source, units, 3) | biases)

    def conv1d(self, name: str, source: str, rows: int, operator: Conv1d) -> str:
        """`Conv1d` as given: uniform weights of deviation 1 / sqrt(columns)."""
        columns = operator.taps * self.width(source) // operator.groups
        parameters = {"weights": self._uniform(rows, columns, columns), "bias": np.zeros(rows)}
        return self.add(name, operator, source, parameters)

    def layer_norm(self, name: str, source: str) -> str:
        """`LayerNorm` with gain and bias."""
        width = self.width(source)
        return self.add(name, LayerNorm(), source, {"gain": np.ones(width), "bias": np.zeros(width)})

    def width(self, tensor: str) -> int:
        """The last extent of a tensor."""
        return self._tensors[tensor].shape[-1]

    def graph(self, outputs: Sequence[str]) -> Graph:
        """What was laid out.

        Raises:
            InputError: a name is missing or doubled.
        """
        return Graph(self._name, self._inputs, tuple(outputs), tuple(self._nodes), self._parameters)

    def _recurrent(self, source: str, units: int, gates: int) -> dict[str, np.ndarray]:
        squares = [np.linalg.qr(self._rng.normal(0, 1, (units, units)))[0] for _ in range(gates)]
        width = self.width(source)
        return {"input": self._uniform(gates * units, width, width), "recurrent": np.concatenate(squares)}

    def _uniform(self, rows: int, columns: int, fan_in: int) -> np.ndarray:
        limit = math.sqrt(3 / fan_in)
        return self._rng.uniform(-limit, limit, (rows, columns))
