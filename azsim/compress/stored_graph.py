"""A graph's file with bitstreams, or with weights in float or int8: to a network, and to what the device gets."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from azsim.compress.network import CompressedMatrix, CompressedNetwork, read_matrix, require_room
from azsim.errors import InputError, located
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.operator import Weights
from azsim.nn.graph.stored import graph_metadata, graph_network_of, vectors_and_starts, weight_scales_of
from azsim.nn.sealed import WEIGHT_SCALES_KEY, Stored

FLOATS = (np.float16, np.float32)


def compressed_graph_file(
    small: CompressedNetwork, more: Mapping[str, object]
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and metadata of the file of a compressed graph; ``more`` joins the card."""
    streams = {name: np.frombuffer(each.encoded.data, np.uint8) for name, each in small.matrices.items()}
    scales = {name: list(each.scales) for name, each in small.matrices.items()}
    metadata = graph_metadata(small.network, more) | {WEIGHT_SCALES_KEY: json.dumps(scales)}
    return vectors_and_starts(small.network) | streams, metadata


def read_graph_file(stored: Stored) -> tuple[CompressedNetwork | None, GraphNetwork]:
    """The bitstreams of a graph's file, None where it holds none; and the network.

    Raises:
        InputError: its parts are missing, damaged or do not fit each other.
    """
    scales = weight_scales_of(stored)
    parameters: dict[str, np.ndarray] = {}
    quantised: dict[str, Weights] = {}
    matrices: dict[str, CompressedMatrix] = {}
    with located(str(stored.path)):
        for name in scales:
            if name not in stored.tensors:
                raise InputError(f"metadata {WEIGHT_SCALES_KEY!r}: {name}: there is no such tensor")
        streams = {name: stored.tensors[name].tobytes() for name in scales if stored.tensors[name].dtype == np.uint8}
        require_room(streams)
        for name, tensor in stored.tensors.items():
            with located(name):
                if name in streams:
                    matrices[name], parameters[name] = _decoded(name, tensor, scales[name])
                elif name in scales:
                    quantised[name] = Weights(tensor, scales[name])
                    parameters[name] = (tensor * quantised[name].row_scales[:, None]).astype(np.float32)
                elif tensor.dtype not in FLOATS:
                    raise InputError(f"{tensor.dtype}: must be float32; {WEIGHT_SCALES_KEY!r} does not name it")
                else:
                    parameters[name] = tensor
    network = graph_network_of(stored, parameters, quantised)
    differ = set(matrices) ^ set(network.weight_matrices) if matrices else set()
    if differ:
        listed = ", ".join(sorted(differ))
        raise InputError(f"{stored.path}: {listed}: either all matrices are bitstreams and nothing else is, or none is")
    if not matrices:
        return None, network
    return CompressedNetwork(network.name, network, {name: matrices[name] for name in network.weight_matrices}), network


def _decoded(name: str, tensor: np.ndarray, scales: np.ndarray) -> tuple[CompressedMatrix, np.ndarray]:
    if tensor.ndim != 1:
        raise InputError(f"uint8 {tensor.shape}: must be the bytes of a bitstream")
    return read_matrix(name, tensor.tobytes(), tuple(scales.tolist()))
