"""Attention over a catalogue: its keys and values, encoded once, and the graph of each side that multiplies with them.

::

    entries ──prediction network──> views; next piece ──> keys, values (int8, kept)        once for each catalogue
    audio:  every encoder output      ─┐
    said:   every new label history   ─┴─> query ─> scores, shares ─> what is added to the joint's view

Keys and values are matrices of the network that the chip runs: they have a place in its memories, are fetched where
they do not stay on the chip, and their products are counted, as those of any weights.

**Source:** contextual adapters beside a frozen transducer, with a no-bias entry: arXiv:2205.13660; attention from audio
and label states: arXiv:2111.03250. One row for each piece of an entry, not for each entry, is ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from azsim.compress.codecs import encode
from azsim.compress.layout import TileLayout
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.errors import InputError
from azsim.nn.fixed_point import INT8_LIMIT, INT16_MAX
from azsim.nn.graph.calibrate import rounded
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.graph.lower import lower_nodes
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.operator import Granularity, Weights
from azsim.nn.graph.tensor import GATE_GRID, Grid, Tensor
from azsim.nn.operators.add import Add
from azsim.nn.operators.concat import Concat
from azsim.nn.operators.dense import Dense
from azsim.nn.operators.slice import Slice
from azsim.nn.operators.softmax import Softmax
from azsim.nn.operators.tanh import Tanh
from azsim.nn.program import Program
from azsim.nn.rnnt.batch import Networks, States, predict_batch
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.network import Network
from azsim.nn.rnnt.pieces import BLANK, Pieces
from azsim.nn.rnnt.programs import LABELS_PER_S
from azsim.nn.rnnt.told import Told
from azsim.speech.context.boosts import spelled
from azsim.speech.context.catalogue import Catalogue
from azsim.speech.context.names import (
    AUDIO,
    AUDIO_PROGRAM,
    NEXT,
    PREFIX,
    SAID,
    SAID_PROGRAM,
    SIDES,
    VALUE,
    key_of,
    no_entry,
    query_of,
)

MOST_ENTRIES = 300
OUTPUTS_PER_S = 1000 / 60
PROGRAMS = {AUDIO: AUDIO_PROGRAM, SAID: SAID_PROGRAM}
SHARE_GRID = Grid(8, 2.0**-7)


@dataclass(frozen=True)
class AttentionNetwork:
    """The two graphs as one network: queries, and keys and values of a catalogue (`Compressible`).

    Attributes:
        graphs: side -> its graph; both multiply with the same values.
        stated: side -> tensor -> grid.
        quantised: matrix -> int8 values with their scales.
        entries: of the catalogue; the first row of keys and values is that of none.
        firsts: the first row of each entry, and one more at the end.
        heads: of the attention.
        source: for errors.
    """

    graphs: Mapping[str, Graph]
    stated: Mapping[str, Mapping[str, Grid]]
    quantised: Mapping[str, Weights]
    entries: tuple[str, ...]
    firsts: tuple[int, ...]
    heads: int
    source: str
    name: str = field(default="context")

    @cached_property
    def parameters(self) -> Mapping[str, np.ndarray]:
        """Of both graphs."""
        return {name: value for graph in self.graphs.values() for name, value in graph.parameters.items()}

    @property
    def weight_matrices(self) -> tuple[str, ...]:
        """Queries, keys, values."""
        return tuple(dict.fromkeys(name for graph in self.graphs.values() for name in graph.weight_matrices))

    @property
    def looked_up(self) -> frozenset[str]:
        """None: all are multiplied with."""
        return frozenset()

    @property
    def weights(self) -> int:
        """Of all matrices."""
        return sum(self.parameters[name].size for name in self.weight_matrices)

    def scale_groups(self, matrix: str, granularity: Granularity) -> int:
        """As each matrix came."""
        return len(self.quantised[matrix].scales)

    def programs(self) -> Mapping[str, Program]:
        """One for an encoder output, one for a label history."""
        return self._programs

    def rates(self) -> Mapping[str, float]:
        """Program -> runs per second of speech."""
        return {AUDIO_PROGRAM: OUTPUTS_PER_S, SAID_PROGRAM: LABELS_PER_S}

    def told(self, side: str) -> Told:
        """A side's integers, laid out for the recogniser."""
        return Told.of(self.integers(side), self.heads)

    def integers(self, side: str) -> IntegerGraph:
        """A side's graph in integers."""
        graph = self.graphs[side]
        return IntegerGraph(graph, {name: self.quantised[name] for name in graph.weight_matrices}, self.stated[side])

    @cached_property
    def _programs(self) -> Mapping[str, Program]:
        periods = {AUDIO: 2, SAID: 0}
        return {
            PROGRAMS[side]: lower_nodes(graph, graph.nodes, PROGRAMS[side], periods[side])
            for side, graph in self.graphs.items()
        }

    def entry_of(self, row: int) -> int:
        """Number of the entry that a row of keys is of, -1: of none."""
        return int(np.searchsorted(self.firsts, row, "right")) - 1


def attention_of(
    adapter: Network | GraphNetwork, catalogue: Catalogue, recogniser: CompressedNetwork
) -> AttentionNetwork:
    """The network of a catalogue: every entry through the recogniser's prediction network, keys and values in int8.

    Raises:
        InputError: there are more than `MOST_ENTRIES`, or the network is none of attention, or for another recogniser.
    """
    if not isinstance(adapter, GraphNetwork) or VALUE not in adapter.graph.tensors or "heads" not in adapter.card:
        raise InputError(f"{adapter.source}: must be an attention network (`azsim train context` makes one)")
    network = recogniser.network
    texts, pieces = catalogue.texts, Pieces(network.pieces)
    if len(texts) > MOST_ENTRIES:
        raise InputError(
            f"{catalogue.source}: {len(texts):,} entries: attention takes at most {MOST_ENTRIES}; "
            "shallow fusion alone takes more (attention = false)"
        )
    sizes = adapter.parameters["following.weights"].shape[0] - 1, adapter.graph.tensors[AUDIO].size
    own = network.parameters["joint.output"].shape
    if sizes != own:
        raise InputError(
            f"{adapter.source}: adds to a joint of {sizes[1]} values and {sizes[0]} pieces; the recogniser has "
            f"{own[1]} and {own[0]}: train one for it, or attention = false"
        )
    none = no_entry(len(pieces))
    encoder = Model.in_integers(adapter.integers(_own_weights(adapter)))
    networks = IntegerModel.of(recogniser).networks
    grid = adapter.grids[PREFIX]
    rows = [_encoded(encoder, np.zeros((1, own[1]), grid.dtype), (none,))]
    for text in texts:
        labels = spelled(text, pieces, catalogue.source)
        views = label_views(networks, labels[:-1])
        rows.append(_encoded(encoder, grid.quantise(GATE_GRID.restore(views)), labels))
    counts = [len(one[VALUE]) for one in rows]
    stacked = {name: np.concatenate([one[name] for one in rows]) for name in rows[0]}
    grids = adapter.integers(_own_weights(adapter)).grids
    found = {name: grids[name].restore(values).astype(np.float64) for name, values in stacked.items()}
    found[VALUE][0] = 0
    heads = int(str(adapter.card["heads"]))
    firsts = tuple((np.cumsum(counts)).tolist())
    return _network(adapter, found, heads, texts, firsts)


def compressed_attention(network: AttentionNetwork, layout: TileLayout) -> CompressedNetwork:
    """As it lies in the device's memory: plain int8, since keys and values are made there."""
    matrices = {
        name: CompressedMatrix(name, encode(each.values, codec="raw", weight_bits=8, layout=layout), scales(each))
        for name, each in network.quantised.items()
    }
    return CompressedNetwork(network.name, network, {name: matrices[name] for name in network.weight_matrices})


def scales(weights: Weights) -> tuple[float, ...]:
    """The scales of a matrix as a compressed one has them."""
    return tuple(float(each) for each in np.atleast_1d(weights.scales))


def _own_weights(adapter: GraphNetwork) -> Mapping[str, Weights]:
    """Its int8 weights; those of a file in float are rounded."""
    groups = adapter.scale_groups
    return {
        name: adapter.quantised.get(name) or rounded(adapter.parameters[name], groups(name, "channel"))
        for name in adapter.weight_matrices
    }


def label_views(networks: Networks, labels: Sequence[int]) -> np.ndarray:
    """The joint's view before the first label and after each, where nothing is told; int16 ``(labels + 1, J)``."""
    networks = networks._replace(told=Told.nothing())
    states, start = States.zeros(networks, len(labels) + 2), len(labels) + 1
    before = start
    for place, label in enumerate((BLANK, *labels)):
        predict_batch(networks, states, np.array([before]), np.array([label]), np.array([place]), 1)
        before = place
    return states.predicted[:start].copy()


def _encoded(encoder: Model, prefixes: np.ndarray, labels: Sequence[int]) -> dict[str, np.ndarray]:
    """Keys and values of one entry, integers on the graph's grids, a row for each label."""
    graph = encoder.graph
    empty = {side: np.zeros((0, *graph.inputs[side].shape), encoder.types[side]) for side in SIDES}
    made = Executor(encoder).push({PREFIX: prefixes, NEXT: np.array(labels), **empty})
    return {name: made[name] for name in (VALUE, *map(key_of, SIDES))}


def _network(
    adapter: GraphNetwork, found: Mapping[str, np.ndarray], heads: int, texts: tuple[str, ...], firsts: tuple[int, ...]
) -> AttentionNetwork:
    own, value = _own_weights(adapter), found[VALUE]
    part = value.shape[1] // heads
    quantised: dict[str, Weights] = {}
    for head in range(heads):
        quantised[f"context.value.{head}"] = rounded(value[:, head * part : (head + 1) * part].T, 1)
    graphs, stated = {}, {}
    for side in SIDES:
        query, width = own[f"{query_of(side)}.weights"], found[key_of(side)].shape[1] // heads
        quantised[f"{PROGRAMS[side]}.query"] = query
        for head in range(heads):
            keys = found[key_of(side)][:, head * width : (head + 1) * width] / np.sqrt(width)
            quantised[f"{PROGRAMS[side]}.key.{head}"] = rounded(keys, 1)
        bias = adapter.parameters[f"{query_of(side)}.bias"]
        graphs[side] = _graph(side, quantised, np.asarray(bias, np.float32), heads)
        stated[side] = _stated(adapter, side, quantised, heads)
    return AttentionNetwork(graphs, stated, quantised, texts, firsts, heads, adapter.source)


def _graph(side: str, quantised: Mapping[str, Weights], bias: np.ndarray, heads: int) -> Graph:
    """Of one side; see `azsim.nn.rnnt.told`."""
    program = PROGRAMS[side]
    joint, width = quantised[f"{program}.query"].values.shape[1], len(bias) // heads
    nodes = [
        Node("squashed", Tanh(), ("view",), ("squashed",)),
        Node("query", Dense(), ("squashed",), ("query",), {"weights": f"{program}.query", "bias": f"{program}.bias"}),
    ]
    parameters = {f"{program}.bias": bias}
    for head in range(heads):
        own, keys, values = f".{head}", f"{program}.key.{head}", f"context.value.{head}"
        nodes += [
            Node(f"own{own}", Slice(axis=-1, start=head * width, count=width), ("query",), (f"own{own}",)),
            Node(f"scores{own}", Dense(), (f"own{own}",), (f"scores{own}",), {"weights": keys}),
            Node(f"shares{own}", Softmax(), (f"scores{own}",), (f"shares{own}",)),
            Node(f"added{own}", Dense(), (f"shares{own}",), (f"added{own}",), {"weights": values}),
        ]
    nodes.append(Node("joined", Concat(), tuple(f"added.{head}" for head in range(heads)), ("joined",)))
    nodes.append(Node("told", Add(), ("view", "joined"), ("told",)))
    for node in nodes:
        for name in node.parameters.values():
            if name in quantised:
                each = quantised[name]
                parameters[name] = (each.values * each.row_scales[:, None]).astype(np.float32)
    return Graph(program, {"view": Tensor((joint,))}, ("told",), tuple(nodes), parameters)


def _stated(adapter: GraphNetwork, side: str, quantised: Mapping[str, Weights], heads: int) -> dict[str, Grid]:
    """Grids; scores get the finest that none of them can leave."""
    asked = adapter.grids[query_of(side)]
    query = Grid(8, asked.scale * asked.limit / INT8_LIMIT)
    stated = {"view": GATE_GRID, "told": GATE_GRID, "joined": GATE_GRID, "query": query}
    stated["squashed"] = adapter.grids[f"{side}.squashed"]
    keys = [quantised[f"{PROGRAMS[side]}.key.{head}"] for head in range(heads)]
    largest = max(np.abs(each.values.astype(np.int64)).sum(1).max() * each.scales.max() for each in keys)
    score = Grid(16, max(float(largest) * query.scale * INT8_LIMIT, 1e-6) / INT16_MAX)
    for head in range(heads):
        stated[f"scores.{head}"], stated[f"shares.{head}"], stated[f"added.{head}"] = score, SHARE_GRID, GATE_GRID
    return stated
