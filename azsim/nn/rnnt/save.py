"""Write a recogniser to a sealed safetensors file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from azsim.nn.rnnt.network import Network
from azsim.nn.sealed import CARD_KEY, SCALES_KEY, write_sealed

KIND = "rnnt"
FORMATS = (1, 2)
"""In the first, the only one that version 0.2.0 knows, a matrix has one scale; a file that needs no more has it."""


def metadata_of(network: Network, more: Mapping[str, object], format: int = FORMATS[0]) -> dict[str, str]:
    """What a file says of a network besides its numbers; ``more`` joins the card."""
    card = {
        "format": format,
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
