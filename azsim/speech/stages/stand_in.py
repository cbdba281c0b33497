"""A stand-in for a network that shares the processor: drawn weights, real bitstreams, real tiles; it hears nothing.

::

    [[stage]] layers, every_ms, priority ──> matrices drawn as for the production size ──> bitstreams ──> jobs

Its weights have the values, codec and bits of the recogniser's under the same configuration.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from azsim.compress.drawn import DrawnNetwork, draw_network
from azsim.devices.quantities import Period
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.lstm import Lstm
from azsim.ranges import SmallCount
from azsim.speech.stage import AlwaysOn, Configured, Stage
from azsim.speech.stage_registry import stage

SOURCES = {"input": "encoder.0.input", "recurrent": "encoder.0.recurrent", "dense": "joint.output"}
"""The trained matrix that each role is drawn from."""
Units = Annotated[int, Meta(ge=1, le=1_000_000)]


class Layer(Struct, frozen=True, forbid_unknown_fields=True):
    """One layer of a stand-in: an LSTM or a dense matrix."""

    kind: Literal["lstm", "dense"]
    inputs: Units
    units: Units

    @property
    def weights(self) -> int:
        """In its matrices."""
        return 4 * self.units * (self.inputs + self.units) if self.kind == "lstm" else self.units * self.inputs


@stage("stand-in")
class StandIn(Stage, frozen=True):
    """Options of a stand-in.

    Attributes:
        layers: in a chain; one that takes another width than the layer before gives reads an input of its own.
        every_ms: from one run to the next; a run that ends later than that is late.
        vectors: input vectors of a run that share the weights of a dense layer (the patches of a picture).
    """

    layers: Annotated[tuple[Layer, ...], Meta(min_length=1)]
    every_ms: Period
    vectors: SmallCount = 1

    @property
    def always_on(self) -> AlwaysOn:
        """It runs whoever speaks."""
        return AlwaysOn(self.every_ms, self.vectors)

    @property
    def weights(self) -> int:
        """In all its matrices."""
        return sum(layer.weights for layer in self.layers)

    def network(self, configured: Configured) -> DrawnNetwork:
        """Drawn from the recogniser's values."""
        graph = self.graph()
        network = GraphNetwork(graph, source="drawn", steps_per_s=1000 * self.vectors / self.every_ms)
        shapes = {name: graph.parameters[name].shape for name in graph.weight_matrices}
        sources = {name: SOURCES[name.split(".")[1]] for name in shapes}
        return draw_network(configured.recogniser, network, shapes, sources, configured.layout, configured.seed)

    def graph(self) -> Graph:
        """Its layers; the parameters are zeros that take no memory, and nothing reads them."""
        inputs, nodes, shapes = {}, [], {}
        entering, width = "", 0
        for index, layer in enumerate(self.layers):
            if layer.inputs != width:
                entering = f"in.{index}"
                inputs[entering] = Tensor((layer.inputs,))
            if layer.kind == "lstm":
                own = {"input": (4 * layer.units, layer.inputs), "recurrent": (4 * layer.units, layer.units)}
                operator, roles = Lstm(), {role: f"{index}.{role}" for role in own}
            else:
                own = {"dense": (layer.units, layer.inputs)}
                operator, roles = Dense(), {"weights": f"{index}.dense"}
            shapes |= {f"{index}.{role}": shape for role, shape in own.items()}
            nodes.append(Node(f"{index}.{layer.kind}", operator, (entering,), (f"out.{index}",), roles))
            entering, width = f"out.{index}", layer.units
        parameters = {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}
        return Graph(self.title, inputs, (entering,), tuple(nodes), parameters)
