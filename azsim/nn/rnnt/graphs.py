"""The recogniser as three graphs, made from a checkpoint's network; together they are what `IntegerModel` computes.

::

    encoder:     steps (192,) [, large: flag] ──> LSTMs ──stack──> LSTMs ──dense──> encoded (J,), Q4.11
    prediction:  label ──embedding──> LSTMs ──dense──> predicted (J,), Q4.11
    joint:       encoded + predicted ──tanh──> int8 ──dense──> logits (V,), int32
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.tensor import GATE_GRID, Grid, Tensor
from azsim.nn.operators.add import Add
from azsim.nn.operators.branching_lstm import BranchingLstm
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.embedding import Embedding
from azsim.nn.operators.last_of import LastOf
from azsim.nn.operators.lstm import Lstm
from azsim.nn.operators.stack import Stack
from azsim.nn.operators.tanh import Tanh
from azsim.nn.operators.threshold import Threshold
from azsim.nn.rnnt.decoded import Decoded
from azsim.nn.rnnt.formats import JOINT_HIDDEN_BITS, Formats, held_biases
from azsim.nn.rnnt.network import Network

Part = Literal["encoder", "prediction", "joint", "arbiter"]
Picks = Literal["arbiter", "outside"]
SMALL_ROLES = {f"small_{kind}": f"small.{kind}" for kind in ("input", "recurrent", "expand", "bias")}


@dataclass(frozen=True)
class RnntGraphs:
    """The three graphs of a recogniser in float, and its arbiter's alone (steps to score) where it has one."""

    encoder: Graph
    prediction: Graph
    joint: Graph
    arbiter: Graph | None


@dataclass(frozen=True)
class IntegerRnntGraphs:
    """The three graphs of a recogniser in integers, and its arbiter's alone where it has one."""

    encoder: IntegerGraph
    prediction: IntegerGraph
    joint: IntegerGraph
    arbiter: IntegerGraph | None


def rnnt_graphs(network: Network, picks: Picks | None = None) -> RnntGraphs:
    """The graphs of a network.

    Args:
        network: of a checkpoint; its parameters are not copied.
        picks: of an encoder with branches: its arbiter picks, or a second input ``large`` says it; by default the
            arbiter where it has one.

    Raises:
        InputError: the encoder is bidirectional, or has no arbiter and is to use it.
    """
    network.refuse_if_bidirectional()
    chosen: Picks = picks or ("arbiter" if network.has_arbiter else "outside")
    arbiter = _arbiter(network) if network.has_arbiter else None
    return RnntGraphs(_encoder(network, chosen), _prediction(network), _joint(network), arbiter)


def integer_rnnt_graphs(compressed: Decoded, picks: Picks | None = None) -> IntegerRnntGraphs:
    """The graphs of a compressed network, on the grids of its activation scales.

    Its biases are int16 (docs/integer.md): they saturate here, as an operator's own may be larger.

    Raises:
        CodecError: a bitstream is damaged.
        InputError: a scale cannot be expressed in fixed point, or as `rnnt_graphs`.
    """
    network = compressed.network
    graphs = rnnt_graphs(replace(network, parameters={**network.parameters, **held_biases(network)}), picks)
    stated = rnnt_grids(network)
    weights = compressed.integer_weights

    def integers(graph: Graph) -> IntegerGraph:
        own = {name: weights[name] for name in graph.weight_matrices}
        internal = {f"{node.name}.{each}" for node in graph.nodes for each in node.operator.internals}
        known = {name: grid for name, grid in stated.items() if name in internal or name in graph.tensors}
        return IntegerGraph(graph, own, known)

    parts = (graphs.encoder, graphs.prediction, graphs.joint)
    return IntegerRnntGraphs(*map(integers, parts), integers(graphs.arbiter) if graphs.arbiter else None)


def rnnt_grids(network: Network) -> Mapping[str, Grid]:
    """Tensor or internal tensor of the three graphs -> its grid."""
    formats = Formats.of(network)
    stated = {
        "steps": Grid(8, formats.feature_scale),
        "encoded": GATE_GRID,
        "predicted": GATE_GRID,
        "sum": GATE_GRID,
        "score": GATE_GRID,
        "joined": Grid(8, 2.0**-JOINT_HIDDEN_BITS),
    }
    for layer, form in formats.lstm.items():
        stated[layer] = Grid(8, 2.0**-form.hidden_bits)
        stated[f"{layer}.cell"] = Grid(16, 2.0**-form.cell_bits)
    return stated | {f"{layer}.narrow": Grid(8, scale) for layer, scale in formats.narrow.items()}


def _encoder(network: Network, picks: Picks) -> Graph:
    columns = network.parameters["encoder.0.input"].shape[1]
    inputs = {"steps": Tensor((columns,))}
    nodes: list[Node] = []
    large = "large"
    if network.has_branches and picks == "outside":
        inputs["large"] = Tensor((), holds="flag")
    elif network.has_branches:
        nodes += [*_arbiter_nodes(), Node("arbiter.pick", Threshold(), ("score",), ("large",))]
    source = "steps"
    for i in range(network.encoder_layers):
        layer = f"encoder.{i}"
        nodes.append(_branching(layer, source, large) if network.has_branches else _lstm(layer, source))
        source = layer
        if i == network.time_reduction_after:
            nodes.append(Node("reduction", Stack(network.time_reduction), (layer,), ("reduced",)))
            source = "reduced"
            if network.has_branches:
                nodes.append(Node("pick.reduced", LastOf(network.time_reduction), ("large",), ("large.reduced",)))
                large = "large.reduced"
    projection = {"weights": "joint.encoder", "bias": "joint.bias"}
    nodes.append(Node("joint.encoder", Dense(), (source,), ("encoded",), projection))
    outputs = ("encoded", "large") if network.has_branches else ("encoded",)
    return _graph(network, "encoder", inputs, outputs, nodes)


def _arbiter(network: Network) -> Graph:
    steps = Tensor((network.parameters["arbiter.0.input"].shape[1],))
    return _graph(network, "arbiter", {"steps": steps}, ("score",), _arbiter_nodes())


def _arbiter_nodes() -> list[Node]:
    roles = {"weights": "arbiter.score", "bias": "arbiter.score_bias"}
    return [_lstm("arbiter.0", "steps"), Node("arbiter.score", Dense(), ("arbiter.0",), ("score",), roles)]


def _prediction(network: Network) -> Graph:
    row = Node("prediction.embedding", Embedding(), ("label",), ("row",), {"weights": "prediction.embedding"})
    nodes, source = [row], "row"
    for i in range(network.layers("prediction")):
        nodes.append(_lstm(f"prediction.{i}", source))
        source = f"prediction.{i}"
    nodes.append(Node("joint.prediction", Dense(), (source,), ("predicted",), {"weights": "joint.prediction"}))
    return _graph(network, "prediction", {"label": Tensor((), holds="index")}, ("predicted",), nodes)


def _joint(network: Network) -> Graph:
    width = Tensor((network.parameters["joint.output"].shape[1],))
    output = {"weights": "joint.output", "bias": "joint.output_bias"}
    nodes = [
        Node("joint.sum", Add(), ("encoded", "predicted"), ("sum",)),
        Node("joint.tanh", Tanh(), ("sum",), ("joined",)),
        Node("joint.output", Dense(sums=True), ("joined",), ("logits",), output),
    ]
    return _graph(network, "joint", {"encoded": width, "predicted": width}, ("logits",), nodes)


def _graph(
    network: Network, part: Part, inputs: Mapping[str, Tensor], outputs: tuple[str, ...], nodes: list[Node]
) -> Graph:
    parameters = {name: network.parameters[name] for node in nodes for name in node.parameters.values()}
    return Graph(f"{network.name}: {part}", inputs, outputs, tuple(nodes), parameters)


def _lstm(layer: str, source: str) -> Node:
    return Node(layer, Lstm(), (source,), (layer,), _roles(layer, {}))


def _branching(layer: str, source: str, large: str) -> Node:
    return Node(layer, BranchingLstm(), (source, large), (layer,), _roles(layer, SMALL_ROLES))


def _roles(layer: str, more: Mapping[str, str]) -> dict[str, str]:
    kinds = {kind: kind for kind in ("input", "recurrent", "bias")} | more
    return {role: f"{layer}.{kind}" for role, kind in kinds.items()}
