"""Two releases of a small network as images, and keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from azsim.compress import compress
from azsim.compress.layout import TileLayout
from azsim.compress.requantise import requantise_to
from azsim.compress.update.image import pack_image
from azsim.nn.rnnt.network import Network

LAYOUT = TileLayout(lanes=4, block_columns=8, tile_positions=512, decoder_streams=2)


def tuned(network: Network, seed: int, size: float = 0.01) -> Network:
    """The network after a step in a random direction."""
    rng = np.random.default_rng(seed)
    moved = {
        name: (value + size * rng.standard_normal(value.shape)).astype(np.float32)
        for name, value in network.parameters.items()
    }
    return replace(network, parameters=moved)


@pytest.fixture(scope="session")
def key() -> Ed25519PrivateKey:
    """Of the maker of releases; from fixed bytes, so that signatures repeat."""
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="session")
def images(tiny_network: Network) -> tuple[bytes, bytes]:
    """Two successive releases, zvsv of 5 bits."""
    old = compress(tiny_network, weight_bits=5, sparsity=0.4, codec="zvsv", layout=LAYOUT)
    return pack_image(old), pack_image(requantise_to(old, tuned(tiny_network, 1)))
