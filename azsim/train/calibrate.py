"""Choose the grids of cell and hidden states from training audio, and store them with the checkpoint.

``python -m azsim.train.calibrate MODEL.safetensors MANIFEST.csv`` reads the recordings that the manifest's column
``file`` names (relative to the manifest), runs the float network, and rewrites the model, whole or not at all.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from azsim.compress.stored import load_network
from azsim.errors import AzsimError, InputError
from azsim.nn.fixed_point import INT8_LIMIT, INT16_MAX
from azsim.nn.rnnt.float_rnnt import FloatTransducer
from azsim.nn.rnnt.formats import MAX_BITS, Formats
from azsim.nn.rnnt.network import Network
from azsim.nn.sealed import seal
from azsim.speech.audio import read_audio
from azsim.speech.features import log_mel

RECORDINGS = 200
HIDDEN_PERCENTILE = 99.99  # beyond it a hidden state saturates
CELL_PERCENTILE = 99.9  # a few cells count up without end; saturating them costs less than a coarse step for all


def calibrate(network: Network, features: Sequence[np.ndarray]) -> dict[str, float]:
    """Scales of every activation: the finest power of two that holds the values seen (in a small branch, any number).

    Args:
        network: float weights.
        features: log-mel ``(frames, 64)`` of training recordings.

    Returns:
        Name -> step of the grid, as ``Network.activation_scales`` holds them.
    """
    seen: dict[str, list[np.ndarray]] = {}

    def observe(name: str, values: np.ndarray) -> None:
        if name.endswith((".cell", ".hidden", ".narrow")):
            seen.setdefault(name, []).append(np.abs(values).ravel())

    picked_outside = network.has_branches and not network.has_arbiter
    for large in (True, False) if picked_outside else (None,):
        FloatTransducer(network, observe, large).recognise(features)
    scales = {}
    for name, parts in seen.items():
        cell, narrow = name.endswith(".cell"), name.endswith(".narrow")
        largest = float(np.percentile(np.concatenate(parts), CELL_PERCENTILE if cell else HIDDEN_PERCENTILE))
        scales[name] = largest / INT8_LIMIT if narrow else _finest(largest, INT16_MAX if cell else INT8_LIMIT)
    return Formats.of(replace(network, activation_scales=scales)).scales()


def _finest(largest: float, limit: int) -> float:
    """The finest power of two, at most a half, whose multiple ``limit`` is not below ``largest``."""
    bits = MAX_BITS if largest == 0 else math.floor(math.log2((limit + 1) / largest))
    return 2.0 ** -min(max(bits, 1), MAX_BITS)


def recordings(manifest: Path, most: int = RECORDINGS) -> list[Path]:
    """Files that a manifest's column ``file`` names, at most ``most``, spread evenly.

    Raises:
        InputError: the manifest cannot be read, or has no such column or no lines.
    """
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            files = [line.get("file") for line in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{manifest}: not a readable manifest: {error}") from error
    if not files or None in files:
        raise InputError(f"{manifest}: column 'file': missing, or there are no lines")
    chosen = files[:: max(1, -(-len(files) // most))]
    return [manifest.parent / name for name in chosen if name]


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""
    if len(arguments) != 2:
        print("usage: python -m azsim.train.calibrate MODEL.safetensors MANIFEST.csv", file=sys.stderr)
        return InputError.exit_status
    model, manifest = Path(arguments[0]), Path(arguments[1])
    try:
        network = load_network(model)
        features = [log_mel(read_audio(path).samples) for path in recordings(manifest)]
        scales = calibrate(network, features)
        digest = seal(model, scales)
    except AzsimError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    for name, scale in sorted(scales.items()):
        print(f"{name:24s} {scale:.6g}")
    print(f"{model}: sealed, sha-256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
