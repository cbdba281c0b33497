"""A graph's file: what it is in the metadata, its arrays as tensors; matrices in float, int8, or as bitstreams.

::

    NAME.safetensors    layer.weights ...     float32, int8 (rows, columns), or uint8 (bytes,) of a bitstream
                        layer.bias ...        float32
                        start/STATE ...       float32, what a carried state starts from
                        metadata              card, graph, grids, weight scales, digest

`azsim.compress.stored` reads and writes the bitstreams.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from azsim.errors import InputError, located
from azsim.file_version import check_number
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.operator import Weights
from azsim.nn.graph.tensor import Grid
from azsim.nn.graph.topology import Topology, graph_of, topology_of
from azsim.nn.sealed import CARD_KEY, WEIGHT_SCALES_KEY, Stored, decode_metadata, write_sealed

FORMAT, KIND = 1, "graph"
GRAPH_KEY, GRIDS_KEY = "graph", "grids"
START = "start/"
Scales = dict[str, list[float]]


class GraphCard(msgspec.Struct, frozen=True):
    """What a graph's file says of itself; its maker may say more."""

    format: int
    kind: str
    name: str
    steps_per_s: float


class _Kind(msgspec.Struct):
    kind: str = ""


class GridText(msgspec.Struct, forbid_unknown_fields=True):
    """A grid as it is written."""

    bits: Literal[8, 16, 32]
    scale: float


def save_graph(network: GraphNetwork, path: Path | str, more: Mapping[str, object] | None = None) -> str:
    """Write a graph with its float weights, or the int8 weights that it came with; returns the digest.

    Args:
        network: what to write.
        path: of the file.
        more: what the card shall say besides.

    Raises:
        InputError: a parameter has a name that is kept for states.
        WorkError: the file cannot be written.
    """
    tensors = vectors_and_starts(network) | {
        name: network.quantised[name].values if name in network.quantised else _float(network.parameters[name])
        for name in network.weight_matrices
    }
    scales = {name: weights.scales.tolist() for name, weights in network.quantised.items()}
    metadata = graph_metadata(network, more or {})
    if scales:
        metadata[WEIGHT_SCALES_KEY] = json.dumps(scales)
    return write_sealed(Path(path), tensors, metadata)


def vectors_and_starts(network: GraphNetwork) -> dict[str, np.ndarray]:
    """The arrays that are never compressed, by their names in a file.

    Raises:
        InputError: a parameter has a name that is kept for states.
    """
    graph = network.graph
    for name in graph.parameters:
        if name.startswith(START):
            raise InputError(f"{network.source}: parameter {name}: names that begin with {START} are kept for states")
    vectors = {name: _float(value) for name, value in graph.parameters.items() if name not in graph.weight_matrices}
    starts = {f"{START}{each.name}": _float(each.start) for each in graph.carried if each.start is not None}
    return vectors | starts


def graph_metadata(network: GraphNetwork, more: Mapping[str, object]) -> dict[str, str]:
    """What a file says of a graph besides its arrays; ``more`` joins the card."""
    card = {"format": FORMAT, "kind": KIND, "name": network.name, "steps_per_s": network.steps_per_s}
    grids = {name: {"bits": grid.bits, "scale": grid.scale} for name, grid in sorted(network.grids.items())}
    return {
        CARD_KEY: json.dumps({**network.card, **more, **card}),
        GRAPH_KEY: msgspec.json.encode(topology_of(network.graph)).decode(),
        GRIDS_KEY: json.dumps(grids),
    }


def is_graph(stored: Stored) -> bool:
    """Whether a file says that it holds a graph."""
    try:
        return msgspec.json.decode(stored.metadata.get(CARD_KEY, ""), type=_Kind).kind == KIND
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False  # is refused where all of it is read


def weight_scales_of(stored: Stored) -> dict[str, np.ndarray]:
    """Matrix -> float64 scales, of those that a file holds as whole numbers or bitstreams.

    Raises:
        InputError: they are not lists of numbers above 0.
    """
    if WEIGHT_SCALES_KEY not in stored.metadata:
        return {}
    stated = decode_metadata(stored, WEIGHT_SCALES_KEY, Scales)
    return {name: np.array(scales, np.float64) for name, scales in stated.items()}


def graph_network_of(
    stored: Stored, parameters: Mapping[str, np.ndarray], quantised: Mapping[str, Weights]
) -> GraphNetwork:
    """The network of a graph's file.

    Args:
        stored: the file.
        parameters: its tensors, those of matrices in float32.
        quantised: matrix -> int8 values, of those that it holds as such.

    Raises:
        InputError: its parts are missing, damaged or do not fit each other.
    """
    with located(str(stored.path)):
        check_number("graph", stored.metadata.get(CARD_KEY, ""), FORMAT)
    card = decode_metadata(stored, CARD_KEY, GraphCard)
    more = decode_metadata(stored, CARD_KEY, dict[str, object])
    if card.format != FORMAT or not 0 < card.steps_per_s < float("inf"):
        said = f"format {card.format}, {card.steps_per_s} steps a second"
        raise InputError(f"{stored.path}: metadata: {said}: must be {FORMAT} and a number above 0")
    topology = decode_metadata(stored, GRAPH_KEY, Topology)
    texts = decode_metadata(stored, GRIDS_KEY, dict[str, GridText]) if GRIDS_KEY in stored.metadata else {}
    own = {name: value.astype(np.float32) for name, value in parameters.items() if not name.startswith(START)}
    starts = {
        name.removeprefix(START): value.astype(np.float32)
        for name, value in parameters.items()
        if name.startswith(START)
    }
    with located(str(stored.path)):
        graph = graph_of(card.name, topology, own, starts)
        graph.refuse_no_numbers()
        strangers = sorted(set(quantised) - set(graph.weight_matrices))
        if strangers:
            raise InputError(f"{strangers[0]}: has weight scales, but is no matrix of the graph")
        grids = {name: Grid(text.bits, text.scale) for name, text in texts.items()}
        network = GraphNetwork(
            graph,
            str(stored.path),
            card.steps_per_s,
            grids,
            dict(quantised),
            digest=stored.digest,
            verified=stored.verified,
            card={key: value for key, value in more.items() if key not in GraphCard.__struct_fields__},
        )
        if grids:
            _check_grids(network)
    return network


def _check_grids(network: GraphNetwork) -> None:
    """Refuse grids of tensors that are not there, and gaps; the weights matter only by their shapes."""
    graph = network.graph
    known = set(graph.tensors) | {f"{node.name}.{each}" for node in graph.nodes for each in node.operator.internals}
    for name in network.grids:
        if name not in known:
            raise InputError(f"grids: {name}: there is no such tensor")
    blank = {name: Weights.of(np.zeros(graph.parameters[name].shape, np.int8), 1.0) for name in graph.weight_matrices}
    network.integers(blank)


def _float(value: np.ndarray) -> np.ndarray:
    return np.asarray(value, np.float32)
