"""What the integer engine asks of a compressed network: its int8 weights and their scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from azsim.nn.graph.operator import Weights
from azsim.nn.rnnt.network import Network


class Decoded(Protocol):
    """A compressed network (`azsim.compress.network`) as the engine sees it."""

    @property
    def name(self) -> str:
        """Of the configuration."""

    @property
    def network(self) -> Network:
        """Biases, layers and activation scales."""

    @property
    def integer_weights(self) -> Mapping[str, Weights]:
        """Name -> int8 matrix with its scales."""
