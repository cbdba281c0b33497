"""What the integer engine asks of a compressed network: its int8 weights and their scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from azsim.nn.rnnt.network import Network


class ScaledMatrix(Protocol):
    """A matrix of whole numbers that stand for ``scale`` each."""

    @property
    def scale(self) -> float:
        """Value of 1."""


class Decoded(Protocol):
    """A compressed network (`azsim.compress.network`) as the engine sees it."""

    @property
    def name(self) -> str:
        """Of the configuration."""

    @property
    def network(self) -> Network:
        """Biases, layers and activation scales."""

    @property
    def matrices(self) -> Mapping[str, ScaledMatrix]:
        """Scales by name."""

    @property
    def decoded(self) -> Mapping[str, np.ndarray]:
        """Name -> int8 matrix."""
