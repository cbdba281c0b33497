"""The frame around the bits: a matrix header with its tables, then tiles, each with header, lengths and payload.

::

    matrix header | table | CRC-32 |  tile 0: header | CRC-32 | stream lengths | streams  |  tile 1 ...
                        (compact)             CRC-32 | stream lengths | streams  |  tile 1 ...

``docs/bitstreams.md`` is the specification, byte by byte; all numbers are little-endian.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from azsim.compress.layout import TileLayout, tile_shape
from azsim.errors import CodecError
from azsim.file_version import check_magic

MAGIC = b"AZW1"
MATRIX = struct.Struct("<4sBBBBIIHHIHHIQ")
TILE = struct.Struct("<BBBBIIIII")
CRC = struct.Struct("<I")
TILE_HEADER_BYTES = TILE.size + CRC.size
MAX_POSITIONS = (1 << 31) - 1
POSITIONS_PER_BYTE = 1 << 14
"""Most positions per byte of a stream: no codec may ask for memory out of proportion to what was given."""


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
        compact: whether tiles have short headers.
    """

    codec: int
    weight_bits: int
    options: int
    shape: tuple[int, int]
    layout: TileLayout
    table: bytes
    tiles: int
    total_bytes: int
    compact: bool = False

    @property
    def size(self) -> int:
        """Bytes of header, table and CRC-32."""
        return MATRIX.size + len(self.table) + CRC.size

    def pack(self) -> bytes:
        """The header's bytes, table and CRC-32 included."""
        layout = self.layout
        head = MATRIX.pack(
            MAGIC, self.codec, self.weight_bits, self.options, self.compact, *self.shape, layout.lanes,
            layout.block_columns, layout.tile_positions, layout.decoder_streams, len(self.table), self.tiles,
            self.total_bytes,
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
    magic, codec, bits, options, framing, rows, columns, lanes, block, positions, streams, table_bytes, tiles, total = (
        MATRIX.unpack_from(data)
    )
    check_magic("weight stream", magic, MAGIC)
    end = MATRIX.size + table_bytes
    if len(data) < end + CRC.size:
        raise CodecError(f"stream of {len(data)} bytes ends inside its matrix header of {end + CRC.size}")
    (crc,) = CRC.unpack_from(data, end)
    if crc != zlib.crc32(data[:end]):
        raise CodecError("the matrix header is damaged: its CRC-32 does not match")
    if total != len(data):
        raise CodecError(f"stream of {len(data)} bytes should have {total}: it was cut short or lengthened")
    if framing > 1 or not 1 <= bits <= 8 or not (rows and columns and lanes and block and positions and streams):
        raise CodecError("the matrix header is impossible: a size is 0, bits are not 1 to 8, or framing is not 0 or 1")
    layout = TileLayout(lanes=lanes, block_columns=block, tile_positions=positions, decoder_streams=streams)
    if rows * columns > MAX_POSITIONS or tiles != tile_count((rows, columns), layout):
        raise CodecError(f"the matrix header is impossible: {rows} x {columns} positions in {tiles} tiles")
    if rows * columns > POSITIONS_PER_BYTE * total:
        raise CodecError(
            f"stream of {total} bytes claims {rows} x {columns} positions, more than {POSITIONS_PER_BYTE} per byte"
        )
    smallest = CRC.size + streams if framing else TILE_HEADER_BYTES + CRC.size * streams
    if end + CRC.size + tiles * smallest > total:
        raise CodecError(f"stream of {total} bytes is too short for {tiles} tiles of {streams} streams")
    table = bytes(data[MATRIX.size : end])
    return MatrixHeader(codec, bits, options, (rows, columns), layout, table, tiles, total, bool(framing)), crc


def tile_bytes(streams: Sequence[bytes], compact: bool) -> int:
    """Bytes of the tile that holds these streams."""
    sizes = list(map(len, streams))
    return (CRC.size if compact else TILE_HEADER_BYTES) + len(_pack_lengths(sizes, compact)) + sum(sizes)


def pack_tile(
    header: MatrixHeader, reference: int, index: int, shape: tuple[int, int], streams: Sequence[bytes]
) -> bytes:
    """One tile: header, CRC-32 (over the header before it and the payload), stream lengths, streams.

    A compact tile has the same CRC-32 but leaves the header out, since its place implies all of it.
    """
    payload = b"".join((_pack_lengths(list(map(len, streams)), header.compact), *streams))
    head = _tile_head(header, reference, index, shape, len(payload))
    crc = CRC.pack(zlib.crc32(payload, zlib.crc32(head)))
    return b"".join((b"" if header.compact else head, crc, payload))


def tile_end(data: memoryview, offset: int, header: MatrixHeader) -> int:
    """Where the tile that starts at ``offset`` ends by its own header; raises `CodecError` if that is past the end."""
    if header.compact:
        lengths, start = _read_lengths(data, offset + CRC.size, header.layout.decoder_streams)
        end = start + sum(lengths)
    elif offset + TILE_HEADER_BYTES > len(data):
        raise CodecError(f"stream of {len(data)} bytes ends inside the tile header at {offset}")
    else:
        end = offset + TILE_HEADER_BYTES + TILE.unpack_from(data, offset)[-1]
    if end > len(data):
        raise CodecError(f"stream of {len(data)} bytes ends inside the tile at {offset}, which should end at {end}")
    return end


def read_tile(
    data: memoryview, offset: int, header: MatrixHeader, reference: int, index: int, shape: tuple[int, int]
) -> tuple[list[tuple[int, int]], int]:
    """Check the tile at ``offset``; first byte and the one after the last of its decoder streams, and its end.

    Raises `CodecError` if the tile is damaged, belongs to another matrix, or is not tile ``index``.
    """
    end = tile_end(data, offset, header)
    body = offset + (CRC.size if header.compact else TILE_HEADER_BYTES)
    expected = _tile_head(header, reference, index, shape, end - body)
    head = expected if header.compact else data[offset : offset + TILE.size]
    (crc,) = CRC.unpack_from(data, body - CRC.size)
    if crc != zlib.crc32(data[body:end], zlib.crc32(head)):
        raise CodecError(f"tile {index} is damaged: its CRC-32 does not match")
    if head != expected:
        raise CodecError(f"the tile at {offset} is not tile {index} of this matrix: its header says otherwise")
    streams = header.layout.decoder_streams
    if header.compact:
        lengths, start = _read_lengths(data, body, streams)
    elif end - body < CRC.size * streams:
        raise CodecError(f"tile {index} is too short for the lengths of {streams} decoder streams")
    else:
        lengths, start = struct.unpack_from(f"<{streams}I", data, body), body + CRC.size * streams
    ends = list(accumulate(lengths, initial=start))
    if ends[-1] != end:
        raise CodecError(f"tile {index}: its stream lengths do not add up to its payload of {end - body} bytes")
    return list(pairwise(ends)), end


def _tile_head(header: MatrixHeader, reference: int, index: int, shape: tuple[int, int], payload: int) -> bytes:
    return TILE.pack(header.codec, header.weight_bits, header.options, 0, reference, index, *shape, payload)


def _pack_lengths(lengths: list[int], compact: bool) -> bytes:
    """Four bytes each; LEB128 in a compact tile: seven bits to a byte, low ones first, bit 7 set if more follow."""
    if not compact:
        return struct.pack(f"<{len(lengths)}I", *lengths)
    packed = bytearray()
    for length in lengths:
        while length > 127:
            packed.append(128 | (length & 127))
            length >>= 7
        packed.append(length)
    return bytes(packed)


def _read_lengths(data: memoryview, offset: int, count: int) -> tuple[list[int], int]:
    """The LEB128 lengths at ``offset`` and the byte after them; raises `CodecError` if they run past the end."""
    lengths = []
    for _ in range(count):
        length = shift = 0
        while True:
            if offset >= len(data) or shift > 28:
                raise CodecError(f"stream of {len(data)} bytes: a stream length before byte {offset} has no end")
            byte = data[offset]
            offset += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        lengths.append(length)
    return lengths, offset
