"""A compressed matrix: the bits that travel, and what the decoder must do for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.compress.circuit import Circuit
from azsim.compress.layout import TileLayout, Tiling
from azsim.summary import Summarised


@dataclass(frozen=True, slots=True, repr=False)
class Encoded(Summarised):
    """One int8 matrix as a bitstream of self-contained tiles.

    Attributes:
        data: the whole stream: matrix header, palette or tables, then the tiles.
        shape: ``(rows, columns)``.
        codec: name in the registry.
        weight_bits: bits of an index or value before the codec (1 to 8).
        layout: the chip geometry that fixed the order of positions.
        tiling: the cut.
        table_bytes: matrix header, palette and tables; fetched at every switch to this matrix.
        tile_offset_bytes: int64 ``(tiles,)``, where each tile starts in ``data``.
        tile_bytes: int64 ``(tiles,)``, header and payload; ``table_bytes + tile_bytes.sum() == len(data)``.
        decoder_load: int64 ``(tiles, streams, 3)``: positions, values and payload bits of each decoder stream.
        circuit: what a decoder stream of the codec can do at most.
    """

    data: bytes
    shape: tuple[int, int]
    codec: str
    weight_bits: int
    layout: TileLayout
    tiling: Tiling
    table_bytes: int
    tile_offset_bytes: np.ndarray
    tile_bytes: np.ndarray
    decoder_load: np.ndarray
    circuit: Circuit

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "codec": self.codec,
            "weight_bits": self.weight_bits,
            "shape": self.shape,
            "bytes": len(self.data),
            "bits_per_weight": self.bits_per_weight,
        }

    @property
    def bits_per_weight(self) -> float:
        """Bits in the stream, headers and tables included, per matrix position."""
        return 8.0 * len(self.data) / (self.shape[0] * self.shape[1])
