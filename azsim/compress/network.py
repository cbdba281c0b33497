"""A compressed network: bitstreams, their scales, and the int8 weights that decoding them gives."""

from __future__ import annotations

import math
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
from azsim.nn.graph.operator import Weights
from azsim.nn.rnnt.network import Network
from azsim.summary import Summarised

if TYPE_CHECKING:
    from azsim.compress.recipe import MatrixRecipe


BYTES_PER_WEIGHT = 12
"""As float32 and as int8, while it is decoded and while it is checked."""
FACTOR_BYTES = 5
"""Of a requantisation factor on the device: a multiplier of 31 bits and a shift of 6, in whole bytes; `assumed`."""
FLOAT32_MAX, SMALLEST_NORMAL = float(np.finfo(np.float32).max), float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, repr=False)
class CompressedMatrix(Summarised):
    """One weight matrix on its way to the device: ``weight = scale of its row * int8 value``.

    Attributes:
        name: of the parameter.
        encoded: its bitstream.
        scales: one for the whole matrix, or one for each of so many groups of rows, dealt in order: the gates of an
            LSTM, or every row.
        rows_placed: its rows were encoded in the order in which a chip with ``row_order = "balanced"`` takes them.

    Raises:
        InputError: the scales are not above 0, or do not divide the rows.
    """

    name: str
    encoded: Encoded
    scales: tuple[float, ...]
    rows_placed: bool = False

    def __post_init__(self) -> None:
        groups, rows = len(self.scales), self.encoded.shape[0]
        if not groups or rows % groups:
            raise InputError(f"{groups} scales for {rows} rows: must divide them")
        for scale in self.scales:
            if not 0 < scale < math.inf:
                raise InputError(f"scale = {scale:g}: must be above 0")

    @property
    def row_scales(self) -> np.ndarray:
        """Of each row, float64 ``(rows,)``."""
        return np.repeat(self.scales, self.encoded.shape[0] // len(self.scales))

    @property
    def factor_bytes(self) -> int:
        """Bytes of the requantisation factors that travel with it; the one of a single scale is in the program."""
        return FACTOR_BYTES * len(self.scales) if len(self.scales) > 1 else 0

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        encoded = self.encoded
        return {
            "name": self.name,
            "shape": encoded.shape,
            "codec": encoded.codec,
            "bits_per_weight": encoded.bits_per_weight,
            "scales": self.scales[0] if len(self.scales) == 1 else len(self.scales),
        }


def stated_scales(scales: tuple[float, ...]) -> float | list[float]:
    """As files state them: one as a number, several as a list."""
    return scales[0] if len(scales) == 1 else list(scales)


def scales_of(stated: float | tuple[float, ...]) -> tuple[float, ...]:
    """The scales that a file states; none if its list is empty."""
    return (stated,) if isinstance(stated, (int, float)) else stated


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


def read_matrix(name: str, data: bytes, scales: tuple[float, ...]) -> tuple[CompressedMatrix, np.ndarray]:
    """A stored bitstream as a compressed matrix, and the float32 weights that it decodes to.

    Raises:
        CodecError: it is damaged.
        InputError: a scale is not above 0, or so large that a weight is no float32, or they do not divide the rows.
    """
    values, encoded = read(data)
    matrix = CompressedMatrix(name, encoded, scales)
    largest, scale = np.abs(values.astype(np.int16)).max(), max(scales)
    if scale > FLOAT32_MAX or largest * scale > FLOAT32_MAX:
        raise InputError(f"scale = {scale:g}: must be above 0, and {largest} of it a float32")
    exact = min(scales) >= SMALLEST_NORMAL
    steps = matrix.row_scales.astype(np.float32 if exact else np.float64)[:, None]
    return matrix, (values * steps).astype(np.float32)


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

    @cached_property
    def integer_weights(self) -> Mapping[str, Weights]:
        """Name -> int8 matrix with its scales, as graphs in integers take it."""
        return {name: Weights(values, np.array(self.matrices[name].scales)) for name, values in self.decoded.items()}

    @property
    def weight_bytes(self) -> int:
        """Bytes of all bitstreams."""
        return sum(len(matrix.encoded.data) for matrix in self.matrices.values())

    @property
    def model_bytes(self) -> int:
        """Bytes of the model on the device: bitstreams, factors of rows, biases and other vectors at 4 an element."""
        vectors = sum(value.size for value in self.network.parameters.values() if value.ndim != 2)
        return self.weight_bytes + sum(matrix.factor_bytes for matrix in self.matrices.values()) + 4 * vectors

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
