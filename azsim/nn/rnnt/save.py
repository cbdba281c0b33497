"""Write a network to a safetensors file, sealed with a digest, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from safetensors.numpy import save

from azsim.nn.rnnt.network import Network
from azsim.output_file import make_folders, write_output_file

CARD_KEY, SCALES_KEY, DIGEST_KEY = "azsim", "activation_scales", "digest"
WEIGHT_SCALES_KEY = "weight_scales"
"""Only in a file whose matrices are bitstreams, see `azsim.compress.stored`."""
FORMAT, KIND = 1, "rnnt"
T = TypeVar("T")


def content_digest(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """sha-256 over the metadata (the digest itself left out) and over the tensors, both in order of name; hex."""
    digest = hashlib.sha256()
    for key in sorted(metadata):
        if key != DIGEST_KEY:
            digest.update(f"{key}\0{metadata[key]}\0".encode())
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        digest.update(f"{name}\0{tensor.dtype.str}\0{tensor.shape}\0".encode())
        digest.update(tensor.data)
    return digest.hexdigest()


def write_sealed(path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """Write tensors and metadata with their digest; returns it.

    Raises:
        InputError: nothing may be written there (see `azsim.output_file`).
        WorkError: the file cannot be written: a full disk.
    """
    sealed = {**metadata, DIGEST_KEY: content_digest(tensors, metadata)}
    write_tensors(path, {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, sealed, save)
    return sealed[DIGEST_KEY]


def write_tensors(
    path: Path, tensors: Mapping[str, T], metadata: Mapping[str, str], save: Callable[[dict[str, T], dict], bytes]
) -> None:
    """Write a safetensors file whole or not at all, and the folders that it needs.

    Args:
        path, tensors, metadata: of the file.
        save: of safetensors for such tensors. (Its ``save_file`` leaves files of its own when it is killed, and from
            version 0.8 on make files that their owner alone may read.)

    Raises:
        InputError, WorkError: as `write_sealed`.
    """
    make_folders(path)
    write_output_file(path, [save(dict(tensors), dict(metadata))])


def metadata_of(network: Network, more: Mapping[str, object]) -> dict[str, str]:
    """What a file says of a network besides its numbers; ``more`` joins the card."""
    card = {
        "format": FORMAT,
        "kind": KIND,
        "name": network.name,
        "stack": network.stack,
        "time_reduction_after": network.time_reduction_after,
        "time_reduction": network.time_reduction,
        "feature_clip": network.feature_clip,
        "pieces": list(network.pieces),
    }
    if network.normalisation != "global":
        card["normalisation"] = network.normalisation
    scales = dict(sorted(network.activation_scales.items()))
    return {CARD_KEY: json.dumps({**card, **more}), SCALES_KEY: json.dumps(scales)}


def save_network(
    network: Network, path: Path | str, dtype: str = "float32", more: Mapping[str, object] | None = None
) -> str:
    """Write a network with its activation scales and a digest; returns the digest.

    Args:
        network: what to write.
        path: of the file.
        dtype: of the weights and biases, ``float32`` or ``float16``; the front end stays float32.
        more: what the card shall say besides.

    Raises:
        WorkError: the file cannot be written.
    """
    tensors = {
        name: np.asarray(value, np.float32 if name.startswith("frontend") else dtype)
        for name, value in network.parameters.items()
    }
    return write_sealed(Path(path), tensors, metadata_of(network, more or {}))
