"""A compressed network: bitstreams, their scales, and the int8 weights that decoding them gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from azsim import budget
from azsim.compress.codecs import decode, encode_like, positions_in, read
from azsim.compress.encoded import Encoded
from azsim.compress.layout import TileLayout
from azsim.errors import InputError, located
from azsim.nn.rnnt.network import Network
from azsim.summary import Summarised

if TYPE_CHECKING:
    from azsim.compress.recipe import MatrixRecipe


BYTES_PER_WEIGHT = 12
"""As float32 and as int8, while it is decoded and while it is checked."""
FLOAT32_MAX, SMALLEST_NORMAL = float(np.finfo(np.float32).max), float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, repr=False)
class CompressedMatrix(Summarised):
    """One weight matrix on its way to the device: ``weight = scale * int8 value``.

    ``rows_placed``: its rows were encoded in the order in which a chip with ``row_order = "balanced"`` takes them.
    """

    name: str
    encoded: Encoded
    scale: float
    rows_placed: bool = False

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        encoded = self.encoded
        return {
            "name": self.name,
            "shape": encoded.shape,
            "codec": encoded.codec,
            "bits_per_weight": encoded.bits_per_weight,
            "scale": self.scale,
        }


def require_room(streams: Mapping[str, bytes | memoryview]) -> None:
    """Refuse to decode bitstreams of a network that together take more than the memory budget; before any is decoded.

    Raises:
        CodecError: the header of one is damaged.
        InputError: they take more.
    """
    positions = 0
    for name, data in streams.items():
        with located(name):
            positions += positions_in(data)
    budget.require(BYTES_PER_WEIGHT * positions, what=f"decoding {positions:,} weights")


def read_matrix(name: str, data: bytes, scale: float) -> tuple[CompressedMatrix, np.ndarray]:
    """A stored bitstream as a compressed matrix, and the float32 weights that it decodes to.

    Raises:
        CodecError: it is damaged.
        InputError: the scale is not above 0, or so large that a weight is no float32.
    """
    values, encoded = read(data)
    largest = np.abs(values.astype(np.int16)).max()
    if not 0 < scale <= FLOAT32_MAX or largest * scale > FLOAT32_MAX:
        raise InputError(f"scale = {scale:g}: must be above 0, and {largest} of it a float32")
    if scale >= SMALLEST_NORMAL:
        return CompressedMatrix(name, encoded, scale), values * np.float32(scale)
    return CompressedMatrix(name, encoded, scale), (values * np.float64(scale)).astype(np.float32)


@dataclass(frozen=True, repr=False)
class CompressedNetwork(Summarised):
    """What travels to the device, and what it decodes to.

    Attributes:
        name: of the configuration.
        network: the network it was made from (biases, pieces and activation scales are taken from there).
        matrices: name -> compressed matrix, in the network's order.
        asked: name -> bits, zeros and codec that it was compressed with; empty for bitstreams that were read.
    """

    name: str
    network: Network
    matrices: Mapping[str, CompressedMatrix]
    asked: Mapping[str, MatrixRecipe] = field(default_factory=dict, kw_only=True)

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "name": self.name,
            "network": self.network.name,
            "codecs": ", ".join(dict.fromkeys(matrix.encoded.codec for matrix in self.matrices.values())),
            "weights": self.network.weights,
            "model_bytes": self.model_bytes,
            "bits_per_weight": self.bits_per_weight,
        }

    @cached_property
    def decoded(self) -> Mapping[str, np.ndarray]:
        """Name -> int8 matrix, by decoding the very bitstreams."""
        return {name: decode(matrix.encoded) for name, matrix in self.matrices.items()}

    @property
    def weight_bytes(self) -> int:
        """Bytes of all bitstreams."""
        return sum(len(matrix.encoded.data) for matrix in self.matrices.values())

    @property
    def model_bytes(self) -> int:
        """Bytes of the model on the device: bitstreams, and biases and other vectors at 4 bytes an element."""
        vectors = sum(value.size for value in self.network.parameters.values() if value.ndim != 2)
        return self.weight_bytes + 4 * vectors

    @property
    def bits_per_weight(self) -> float:
        """Bits in the bitstreams per matrix position."""
        return 8.0 * self.weight_bytes / self.network.weights

    @property
    def sparsity(self) -> float:
        """Share of zeros among the decoded weights."""
        zeros = sum(int(value.size - np.count_nonzero(value)) for value in self.decoded.values())
        return zeros / self.network.weights

    def laid_out(self, layout: TileLayout) -> CompressedNetwork:
        """The same values by the same codecs, in the order in which another chip takes them."""
        if all(matrix.encoded.layout == layout for matrix in self.matrices.values()):
            return self
        matrices = {
            name: replace(matrix, encoded=encode_like(matrix.encoded, self.decoded[name], layout))
            for name, matrix in self.matrices.items()
        }
        return replace(self, matrices=matrices)
