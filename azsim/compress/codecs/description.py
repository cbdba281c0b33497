"""What a bitstream is made of: where its bits go, and what the decoder must do for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.compress.codecs.matrix import decode
from azsim.compress.codecs.stream import CRC, MATRIX, read_matrix_header, read_tile
from azsim.compress.encoded import Encoded


@dataclass(frozen=True, slots=True)
class Description:
    """One `Encoded`, in figures; header, table and payload bytes add up to the stream.

    Attributes:
        codec: name in the registry.
        weight_bits: bits of an index or value before the codec.
        shape: ``(rows, columns)``.
        tiles: how many.
        header_bytes: matrix header, tile headers, checksums, stream lengths.
        table_bytes: palette or code table.
        payload_bytes: the decoder streams.
        zero_share: zeros per weight, 0 to 1.
        positions, values, payload_bits: decoder load, over all streams of all tiles (see `Encoded.decoder_load`).
        stream_values_max, stream_bits_max: of the decoder stream with the most.
    """

    codec: str
    weight_bits: int
    shape: tuple[int, int]
    tiles: int
    header_bytes: int
    table_bytes: int
    payload_bytes: int
    zero_share: float
    positions: int
    values: int
    payload_bits: int
    stream_values_max: int
    stream_bits_max: int

    @property
    def bits_per_weight(self) -> dict[str, float]:
        """Bits per weight by part: ``header``, ``table``, ``payload``."""
        parts = {"header": self.header_bytes, "table": self.table_bytes, "payload": self.payload_bytes}
        return {part: 8 * size / self.positions for part, size in parts.items()}


def describe(encoded: Encoded) -> Description:
    """Take a bitstream apart; raises `CodecError` if it is damaged."""
    view = memoryview(encoded.data)
    header, reference = read_matrix_header(view)
    shapes = zip(encoded.tiling.rows.tolist(), encoded.tiling.columns.tolist())
    payload_bytes = 0
    for index, (offset, shape) in enumerate(zip(encoded.tile_offset_bytes.tolist(), shapes, strict=True)):
        spans, _ = read_tile(view, offset, header, reference, index, shape)
        payload_bytes += sum(end - first for first, end in spans)
    table_bytes = encoded.table_bytes - MATRIX.size - CRC.size
    positions, values, bits = encoded.decoder_load.sum(axis=(0, 1)).tolist()
    _, most_values, most_bits = encoded.decoder_load.max(axis=(0, 1)).tolist()
    return Description(
        codec=encoded.codec,
        weight_bits=encoded.weight_bits,
        shape=encoded.shape,
        tiles=len(encoded.tiling),
        header_bytes=len(encoded.data) - table_bytes - payload_bytes,
        table_bytes=table_bytes,
        payload_bytes=payload_bytes,
        zero_share=(positions - int(np.count_nonzero(decode(encoded)))) / positions,
        positions=positions,
        values=values,
        payload_bits=bits,
        stream_values_max=most_values,
        stream_bits_max=most_bits,
    )
