"""Streams whose frame is right and whose bits are not: every CRC-32 and every length made to fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from azsim.compress.codecs import decode
from azsim.compress.codecs.stream import header_reference, pack_tile, read_matrix_header, read_tile, tile_bytes
from azsim.compress.encoded import Encoded
from azsim.errors import CodecError


def streams_of(encoded: Encoded) -> list[list[bytes]]:
    """The bytes of the decoder streams of each tile."""
    view = memoryview(encoded.data)
    header, reference = read_matrix_header(view)
    shapes = zip(encoded.tiling.rows.tolist(), encoded.tiling.columns.tolist())
    tiles = []
    for index, (offset, shape) in enumerate(zip(encoded.tile_offset_bytes.tolist(), shapes)):
        spans, _ = read_tile(view, offset, header, reference, index, shape)
        tiles.append([encoded.data[first:end] for first, end in spans])
    return tiles


def forge(encoded: Encoded, streams: list[list[bytes]], table: bytes | None = None) -> bytes:
    """The stream of ``encoded`` with other decoder streams, and another table if one is given."""
    header, _ = read_matrix_header(memoryview(encoded.data))
    header = replace(header, table=header.table if table is None else table)
    header = replace(header, total_bytes=header.size + sum(tile_bytes(tile, header.compact) for tile in streams))
    head, tiling = header.pack(), encoded.tiling
    shapes = zip(tiling.rows.tolist(), tiling.columns.tolist())
    reference = header_reference(head)
    packed = (pack_tile(header, reference, k, shape, streams[k]) for k, shape in enumerate(shapes))
    return b"".join((head, *packed))


def forgeries(encoded: Encoded, count: int, seed: int) -> Iterator[bytes]:
    """Random changes of random decoder streams: flipped, replaced, cut, lengthened, moved."""
    rng = np.random.default_rng(seed)
    original = streams_of(encoded)
    for _ in range(count):
        streams = [list(tile) for tile in original]
        tile, stream = rng.integers(len(streams)), rng.integers(len(streams[0]))
        data = bytearray(streams[tile][stream])
        match rng.integers(5):
            case 0 if data:
                data[rng.integers(len(data))] ^= 1 << rng.integers(8)
            case 1:
                data = bytearray(rng.bytes(len(data)))
            case 2:
                del data[rng.integers(len(data) + 1) :]
            case 3:
                data += rng.bytes(rng.integers(1, 9))
            case _:
                data = bytearray([255 if rng.random() < 0.9 else 0 for _ in data])
        streams[tile][stream] = bytes(data)
        yield forge(encoded, streams)


def refused_or_decoded(data: bytes, shape: tuple[int, int]) -> bool:
    """Whether a stream is refused; if not, it must decode to an int8 matrix of ``shape``."""
    try:
        matrix = decode(data)
    except CodecError:
        return True
    assert matrix.shape == shape
    assert matrix.dtype == np.int8
    return False
