"""A network's file: float weights, or the bitstreams of a network that was trained for its bits and zeros.

::

    NAME.safetensors    encoder.0.input ...   uint8 (bytes,)     a matrix's bitstream: header, palette or tables, tiles
                        encoder.0.bias ...    float32            vectors, the front end's among them, as they are
                        metadata              card, activation scales, weight scales (matrix -> step or steps), digest

Such a file is as small as what travels to the device, and holds the very weights that the device computes with.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from azsim.compress.network import (
    CompressedMatrix,
    CompressedNetwork,
    read_matrix,
    require_room,
    scales_of,
    stated_scales,
)
from azsim.compress.stored_graph import compressed_graph_file, read_graph_file
from azsim.errors import InputError, located
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.stored import is_graph
from azsim.nn.rnnt.load import network_of
from azsim.nn.rnnt.network import Network
from azsim.nn.rnnt.save import FORMATS, metadata_of
from azsim.nn.sealed import WEIGHT_SCALES_KEY, Stored, decode_metadata, read_stored, write_sealed


def save_compressed(small: CompressedNetwork, path: Path | str, more: Mapping[str, object] | None = None) -> str:
    """Write a compressed network with its activation scales and a digest; returns the digest.

    Args:
        small: what to write; the card has the name of its network.
        path: of the file.
        more: what the card shall say besides.

    Raises:
        WorkError: the file cannot be written.
    """
    if isinstance(small.network, GraphNetwork):
        return write_sealed(Path(path), *compressed_graph_file(small, more or {}))
    tensors = {
        name: np.frombuffer(small.matrices[name].encoded.data, np.uint8)
        if name in small.matrices
        else np.asarray(value, np.float32)
        for name, value in small.network.parameters.items()
    }
    scales = {name: stated_scales(matrix.scales) for name, matrix in small.matrices.items()}
    grouped = any(isinstance(each, list) for each in scales.values())
    metadata = metadata_of(small.network, more or {}, FORMATS[grouped]) | {WEIGHT_SCALES_KEY: json.dumps(scales)}
    return write_sealed(Path(path), tensors, metadata)


def load_network(name_or_path: str | Path) -> Network | GraphNetwork:
    """A recogniser or a graph, by its name under ``models/`` or from the user's own file.

    Bitstreams are decoded to float32. A file with a digest must match it. A shipped model must have one; a user's
    file without one is read as it is, and its ``verified`` is False.

    Raises:
        InputError: there is no such model or file, it is damaged, or its parts do not fit each other.
    """
    return network_in(read_stored(name_or_path))


def load_recogniser(name_or_path: str | Path) -> Network:
    """`load_network` where only a recogniser will do.

    Raises:
        InputError: as `load_network`, or it is a graph.
    """
    network = load_network(name_or_path)
    if isinstance(network, GraphNetwork):
        raise InputError(f"{network.source}: is a graph of its own and no recogniser; azsim infer runs it")
    return network


def load_compressed(name_or_path: str | Path) -> CompressedNetwork | None:
    """The bitstreams of a network's file; None if it holds float weights.

    Raises:
        InputError: as `load_network`.
    """
    stored = read_stored(name_or_path)
    if is_graph(stored):
        return read_graph_file(stored)[0]
    return _decoded(stored) if WEIGHT_SCALES_KEY in stored.metadata else None


def network_in(stored: Stored) -> Network | GraphNetwork:
    """The network of a file that was read; raises `InputError` if its parts are damaged or do not fit each other."""
    if is_graph(stored):
        return read_graph_file(stored)[1]
    if WEIGHT_SCALES_KEY in stored.metadata:
        return _decoded(stored).network
    return network_of(stored, stored.tensors)


def _decoded(stored: Stored) -> CompressedNetwork:
    scales = decode_metadata(stored, WEIGHT_SCALES_KEY, dict[str, float | tuple[float, ...]])
    parameters: dict[str, np.ndarray] = {}
    matrices: dict[str, CompressedMatrix] = {}
    with located(str(stored.path)):
        require_room({name: data.tobytes() for name, data in stored.tensors.items() if _is_stream(name, data, scales)})
    for name, tensor in stored.tensors.items():
        if name not in scales:
            if tensor.dtype == np.uint8:
                raise InputError(f"{stored.path}: metadata {WEIGHT_SCALES_KEY!r}: {name}: missing; it is a bitstream")
            parameters[name] = tensor
            continue
        if tensor.dtype != np.uint8 or tensor.ndim != 1:
            raise InputError(
                f"{stored.path}: {name}: {tensor.dtype} {tensor.shape}: must be the uint8 bytes of a bitstream"
            )
        with located(f"{stored.path}: {name}"):
            matrices[name], parameters[name] = read_matrix(name, tensor.tobytes(), scales_of(scales[name]))
    network = network_of(stored, parameters)
    strangers = set(scales) ^ set(network.weight_matrices)
    if strangers:
        raise InputError(
            f"{stored.path}: metadata {WEIGHT_SCALES_KEY!r}: must name every matrix and nothing else; "
            f"it differs in {', '.join(sorted(strangers))}"
        )
    return CompressedNetwork(network.name, network, {name: matrices[name] for name in network.weight_matrices})


def _is_stream(name: str, tensor: np.ndarray, scales: Collection[str]) -> bool:
    return name in scales and tensor.dtype == np.uint8 and tensor.ndim == 1
