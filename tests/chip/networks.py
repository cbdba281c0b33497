"""Compressed networks made up for tests, encoded for a chip."""

from __future__ import annotations

import numpy as np

from azsim.chip.build import tile_layout
from azsim.compress.codecs import encode
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.nn.rnnt.network import Network


def compress_by_hand(network: Network, chip: ChipSpec, codec: str = "zvsv", seed: int = 0) -> CompressedNetwork:
    """The network with half of its weights zero and the rest drawn, at 5 bits."""
    rng = np.random.default_rng(seed)
    matrices = {}
    for name in network.weight_matrices:
        shape = network.parameters[name].shape
        weights = (rng.integers(-15, 16, shape) * (rng.random(shape) < 0.5)).astype(np.int8)
        matrices[name] = CompressedMatrix(name, encode(weights, codec, 5, tile_layout(chip)), (1.0,))
    return CompressedNetwork("made up", network, matrices)
