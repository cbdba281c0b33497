"""A new release on the grid of the one before: the same scales and palettes, so that what did not change stays put.

::

    palette of the device:   |-71|    |-19|        |24|      |90|
    new weight                              x──────>           nearest entry,
                                 <- kept -> x                  or the old one, if that is not much farther (tolerance)

Compressing a release afresh moves every palette a little, and with it every value. The old grid costs a little
precision and makes the difference small.

**Source:** this project; a dead zone around what the decoder has is common in video coding.
"""

from __future__ import annotations

import numpy as np

from azsim.compress.codecs import decode, encode_like, get
from azsim.compress.codecs.codec import distinct
from azsim.compress.encoded import Encoded
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.compress.quantise import CELLS_PER_STEP
from azsim.errors import InputError
from azsim.nn.rnnt.network import Network

ROWS_AT_ONCE = 256
SLACK = 2 / CELLS_PER_STEP
"""In grid units: `compress` itself sorts weights by cells, so nearer than this to a boundary either side is right."""


def requantise_to(
    previous: CompressedNetwork, network: Network, *, name: str | None = None, tolerance: float = 0.0
) -> CompressedNetwork:
    """Compress a network onto scales, palettes, codecs and layout of a compressed release of the same shape.

    A weight that did not change keeps its value.

    Args:
        previous: what the device has.
        network: the new release.
        name: of the configuration; that of ``previous`` by default.
        tolerance: 0 takes the nearest value (to a sixteenth of the grid's step); with t a weight keeps its old value
            unless that is more than t times the distance between both values farther away; at 1 a weight must reach
            another value to take it.

    Raises:
        InputError: the networks differ in shape, or the tolerance is not 0 to 1.
    """
    if not 0 <= tolerance <= 1:
        raise InputError(f"tolerance = {tolerance!r}: must be from 0 to 1")
    matrices = {}
    for key, before in previous.matrices.items():
        weights = network.parameters.get(key)
        if weights is None or weights.shape != before.encoded.shape:
            found = "missing" if weights is None else f"of shape {weights.shape}"
            raise InputError(
                f"{network.source}: {key} is {found}: must be {before.encoded.shape} as in {previous.network.source}"
            )
        wanted = weights.astype(np.float64) / before.row_scales[:, None]
        values = snap(wanted, decode(before.encoded), _grid(before.encoded), tolerance)
        matrices[key] = CompressedMatrix(key, encode_like(before.encoded, values), before.scales)
    if len(network.weight_matrices) != len(matrices):
        extra = sorted(set(network.weight_matrices) - set(matrices))
        raise InputError(f"{network.source}: {', '.join(extra)}: not in {previous.network.source}")
    return CompressedNetwork(name=name or previous.name, network=network, matrices=matrices)


def snap(weights: np.ndarray, old: np.ndarray, grid: np.ndarray, tolerance: float) -> np.ndarray:
    """The entry of ``grid`` for each weight, see `requantise_to`.

    Args:
        weights: in units of the grid, ``(rows, columns)``.
        old: int8, of the same shape.
        grid: int64, rising.
        tolerance: 0 to 1.

    Returns:
        int8 of the same shape.
    """
    middles = (grid[1:] + grid[:-1]) / 2
    out = np.empty(old.shape, np.int8)
    for start in range(0, len(out), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        wanted, had = weights[rows].astype(np.float64), old[rows].astype(np.float64)
        nearest = grid[np.searchsorted(middles, wanted)]
        farther = np.abs(wanted - had) - np.abs(wanted - nearest)
        out[rows] = np.where(farther <= np.maximum(SLACK, tolerance * np.abs(nearest - had)), had, nearest)
    return out


def _grid(encoded: Encoded) -> np.ndarray:
    """The values that a matrix can have: those it has under a palette, else all steps up to a power of two less one."""
    present = distinct(decode(encoded))
    if get(encoded.codec).grid == "palette" and encoded.weight_bits < 8:
        return present
    top = (1 << int(np.abs(present).max()).bit_length()) - 1
    return np.arange(-top, top + 1)
