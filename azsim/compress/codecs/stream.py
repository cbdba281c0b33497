"""The frame around the bits: a matrix header with its tables, then tiles, each with header, lengths and payload.

::

    matrix header | table | CRC-32 |  tile 0: header | CRC-32 | stream lengths | streams  |  tile 1 ...

``docs/bitstreams.md`` is the specification, byte by byte; all numbers are little-endian.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from azsim.compress.layout import TileLayout, tile_shape
from azsim.errors import CodecError

MAGIC = b"AZW1"
MATRIX = struct.Struct("<4sBBBBIIHHIHHIQ")
TILE = struct.Struct("<BBBBIIIII")
CRC = struct.Struct("<I")
TILE_HEADER_BYTES = TILE.size + CRC.size
MAX_POSITIONS = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class MatrixHeader:
    """What the matrix header says.

    Attributes:
        codec, weight_bits, options: codec number, bits of a code, option byte.
        shape: ``(rows, columns)``.
        layout: order of positions.
        table: palette or other tables.
        tiles: how many follow.
        total_bytes: length of the whole stream.
    """

    codec: int
    weight_bits: int
    options: int
    shape: tuple[int, int]
    layout: TileLayout
    table: bytes
    tiles: int
    total_bytes: int

    @property
    def size(self) -> int:
        """Bytes of header, table and CRC-32."""
        return MATRIX.size + len(self.table) + CRC.size

    def pack(self) -> bytes:
        """The header's bytes, table and CRC-32 included."""
        layout = self.layout
        head = MATRIX.pack(
            MAGIC, self.codec, self.weight_bits, self.options, 0, *self.shape, layout.lanes, layout.block_columns,
            layout.tile_positions, layout.decoder_streams, len(self.table), self.tiles, self.total_bytes,
        )  # fmt: skip
        body = head + self.table
        return body + CRC.pack(zlib.crc32(body))


def header_reference(packed_header: bytes) -> int:
    """The CRC-32 at the end of a packed matrix header: tiles name their matrix, and so their table, by it."""
    return CRC.unpack(packed_header[-CRC.size :])[0]


def tile_count(shape: tuple[int, int], layout: TileLayout) -> int:
    """Number of tiles of a matrix, without cutting it."""
    tile_rows, tile_columns = tile_shape(*shape, layout)
    return -(-shape[0] // tile_rows) * -(-shape[1] // tile_columns)


def read_matrix_header(data: memoryview) -> tuple[MatrixHeader, int]:
    """Parse and check the header at the start of a stream.

    Returns the header and its CRC-32, by which tiles refer to it; raises
    `CodecError` if anything in it is damaged, impossible, or disagrees with
    the length of ``data``.
    """
    if len(data) < MATRIX.size + CRC.size:
        raise CodecError(f"stream of {len(data)} bytes is too short for a matrix header of {MATRIX.size + CRC.size}")
    magic, codec, bits, options, spare, rows, columns, lanes, block, positions, streams, table_bytes, tiles, total = (
        MATRIX.unpack_from(data)
    )
    if magic != MAGIC:
        raise CodecError(f"not a weight stream: it starts with {magic!r}, not {MAGIC!r}")
    end = MATRIX.size + table_bytes
    if len(data) < end + CRC.size:
        raise CodecError(f"stream of {len(data)} bytes ends inside its matrix header of {end + CRC.size}")
    (crc,) = CRC.unpack_from(data, end)
    if crc != zlib.crc32(data[:end]):
        raise CodecError("the matrix header is damaged: its CRC-32 does not match")
    if total != len(data):
        raise CodecError(f"stream of {len(data)} bytes should have {total}: it was cut short or lengthened")
    if spare or not 1 <= bits <= 8 or not (rows and columns and lanes and block and positions and streams):
        raise CodecError("the matrix header is impossible: a size is 0, bits are not 1 to 8, or the spare byte is set")
    layout = TileLayout(lanes=lanes, block_columns=block, tile_positions=positions, decoder_streams=streams)
    if rows * columns > MAX_POSITIONS or tiles != tile_count((rows, columns), layout):
        raise CodecError(f"the matrix header is impossible: {rows} x {columns} positions in {tiles} tiles")
    if end + CRC.size + tiles * (TILE_HEADER_BYTES + CRC.size * streams) > total:
        raise CodecError(f"stream of {total} bytes is too short for {tiles} tiles of {streams} streams")
    table = bytes(data[MATRIX.size : end])
    return MatrixHeader(codec, bits, options, (rows, columns), layout, table, tiles, total), crc


def tile_bytes(streams: Sequence[bytes]) -> int:
    """Bytes of the tile that holds these streams."""
    return TILE_HEADER_BYTES + CRC.size * len(streams) + sum(map(len, streams))


def pack_tile(
    header: MatrixHeader, reference: int, index: int, shape: tuple[int, int], streams: Sequence[bytes]
) -> bytes:
    """One tile: header, CRC-32 (over the header before it and the payload), stream lengths, streams."""
    lengths = struct.pack(f"<{len(streams)}I", *map(len, streams))
    payload = b"".join((lengths, *streams))
    head = TILE.pack(header.codec, header.weight_bits, header.options, 0, reference, index, *shape, len(payload))
    return b"".join((head, CRC.pack(zlib.crc32(payload, zlib.crc32(head))), payload))


def tile_end(data: memoryview, offset: int) -> int:
    """Where the tile that starts at ``offset`` ends by its own header; raises `CodecError` if that is past the end."""
    if offset < 0 or offset + TILE_HEADER_BYTES > len(data):
        raise CodecError(f"stream of {len(data)} bytes ends inside the tile header at {offset}")
    end = offset + TILE_HEADER_BYTES + TILE.unpack_from(data, offset)[-1]
    if end > len(data):
        raise CodecError(f"stream of {len(data)} bytes ends inside the tile at {offset}, which should end at {end}")
    return end


def read_tile(
    data: memoryview, offset: int, header: MatrixHeader, reference: int, index: int, shape: tuple[int, int]
) -> list[memoryview]:
    """Check the tile at ``offset`` and give the bytes of its decoder streams.

    Raises `CodecError` if the tile is damaged, belongs to another matrix, or is not tile ``index``.
    """
    end = tile_end(data, offset)
    payload = data[offset + TILE_HEADER_BYTES : end]
    head = data[offset : offset + TILE.size]
    (crc,) = CRC.unpack_from(data, offset + TILE.size)
    if crc != zlib.crc32(payload, zlib.crc32(head)):
        raise CodecError(f"tile {index} is damaged: its CRC-32 does not match")
    expected = TILE.pack(header.codec, header.weight_bits, header.options, 0, reference, index, *shape, len(payload))
    if head != expected:
        raise CodecError(f"the tile at {offset} is not tile {index} of this matrix: its header says otherwise")
    count = header.layout.decoder_streams
    if len(payload) < CRC.size * count:
        raise CodecError(f"tile {index} is too short for the lengths of {count} decoder streams")
    lengths = struct.unpack_from(f"<{count}I", payload)
    if CRC.size * count + sum(lengths) != len(payload):
        raise CodecError(f"tile {index}: its stream lengths do not add up to its payload of {len(payload)} bytes")
    streams, at = [], CRC.size * count
    for length in lengths:
        streams.append(payload[at : at + length])
        at += length
    return streams
