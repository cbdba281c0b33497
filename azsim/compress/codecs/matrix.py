"""A whole matrix to a bitstream and back, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import get_args

import numpy as np

from azsim.compress.codecs import registry
from azsim.compress.codecs.codec import Bypass, Coder, Part, TileCoder
from azsim.compress.codecs.stream import (
    MAX_POSITIONS,
    MatrixHeader,
    header_reference,
    pack_tile,
    read_matrix_header,
    read_tile,
    tile_bytes,
    tile_end,
)
from azsim.compress.encoded import Encoded
from azsim.compress.layout import DEFAULT_LAYOUT, TileLayout, Tiling, cut, position_order, run_starts
from azsim.errors import CodecError, InputError, nearest

U16 = (1 << 16) - 1
U32 = (1 << 32) - 1


def encode(
    matrix: np.ndarray,
    codec: str = "zvsv",
    weight_bits: int = 5,
    layout: TileLayout = DEFAULT_LAYOUT,
    bypass: Bypass = "none",
) -> Encoded:
    """Encode an int8 matrix without loss.

    Args:
        matrix: int8 ``(rows, columns)``, at least 1 x 1.
        codec: a name from `codecs`.
        weight_bits: bits of an index or value, 1 to 8; `raw` and `bitmap` always take 8.
        layout: the chip geometry that fixes the order of positions.
        bypass: a stage of `zvsv` to leave out.

    Raises:
        InputError: the codec cannot hold this matrix exactly (the message says what to do), or an argument is wrong.
    """
    _check(matrix, weight_bits, layout, bypass)
    chosen = registry.get(codec)
    coder = chosen.plan(matrix, weight_bits, bypass)
    rows, columns = matrix.shape
    tiling = cut(rows, columns, layout)
    header = MatrixHeader(
        codec=chosen.number,
        weight_bits=coder.weight_bits,
        options=coder.options,
        shape=(rows, columns),
        layout=layout,
        table=coder.table,
        tiles=len(tiling),
        total_bytes=0,
    )
    load = np.zeros((len(tiling), layout.decoder_streams, 3), dtype=np.int64)
    tiles = []
    for index, (window, order) in enumerate(_windows(tiling, layout)):
        values = np.take(matrix[window].ravel(), order)
        streams = []
        bounds = _stream_bounds(values.size, layout)
        parts = _encode_streams(values, bounds, _tile_shape(tiling, index), layout, coder)
        for stream, ((start, stop), part) in enumerate(zip(bounds, parts, strict=True)):
            streams.append(part.data)
            load[index, stream] = stop - start, part.values, part.bits
        tiles.append(streams)
    sizes = np.array([tile_bytes(streams) for streams in tiles], dtype=np.int64)
    head = replace(header, total_bytes=header.size + int(sizes.sum())).pack()
    reference = header_reference(head)
    for index, streams in enumerate(tiles):
        tiles[index] = pack_tile(header, reference, index, _tile_shape(tiling, index), streams)
    data = b"".join((head, *tiles))
    return _describe(data, replace(header, total_bytes=len(data)), tiling, sizes, load)


def parse(data: bytes) -> Encoded:
    """Everything that `encode` said of a bitstream, from its bytes alone; raises `CodecError` if it is damaged."""
    view, header, reference, coder = _open(data)
    tiling = cut(*header.shape, header.layout)
    sizes = np.diff(_tile_offsets(view, header), append=len(data))
    load = np.zeros((len(tiling), header.layout.decoder_streams, 3), dtype=np.int64)
    offset = header.size
    for index in range(len(tiling)):
        shape = _tile_shape(tiling, index)
        streams = read_tile(view, offset, header, reference, index, shape)
        bounds = _stream_bounds(int(tiling.positions[index]), header.layout)
        load[index, :, 0] = [stop - start for start, stop in bounds]
        load[index, :, 1:] = _load_streams(streams, bounds, shape, header.layout, coder)
        offset += int(sizes[index])
    return _describe(data, header, tiling, sizes, load)


def decode(encoded: Encoded | bytes) -> np.ndarray:
    """Decode a bitstream, from its bytes alone, to int8 ``(rows, columns)``; raises `CodecError` if it is damaged."""
    data, header, reference, coder = _open(encoded.data if isinstance(encoded, Encoded) else encoded)
    tiling = cut(*header.shape, header.layout)
    offsets = _tile_offsets(data, header)
    matrix = np.empty(header.shape, dtype=np.int8)
    for index, (window, order) in enumerate(_windows(tiling, header.layout)):
        shape = _tile_shape(tiling, index)
        streams = read_tile(data, int(offsets[index]), header, reference, index, shape)
        matrix[window] = _decode_streams(streams, order, shape, header.layout, coder).reshape(shape)
    return matrix


def decode_tile(encoded: Encoded | bytes, index: int) -> np.ndarray:
    """Decode one tile alone, to int8 ``(tile rows, tile columns)``.

    Raises:
        InputError: there is no tile ``index``.
        CodecError: the matrix header or this tile is damaged (damage in other tiles is not seen).
    """
    data, header, reference, coder = _open(encoded.data if isinstance(encoded, Encoded) else encoded)
    if not 0 <= index < header.tiles:
        raise InputError(f"tile {index} does not exist; the matrix has tiles 0 to {header.tiles - 1}")
    if isinstance(encoded, Encoded):
        offset = int(encoded.tile_offset_bytes[index])
    else:
        offset = int(_tile_offsets(data, header)[index])
    tiling = cut(*header.shape, header.layout)
    shape = _tile_shape(tiling, index)
    streams = read_tile(data, offset, header, reference, index, shape)
    order = position_order(*shape, header.layout.lanes, header.layout.block_columns)
    return _decode_streams(streams, order, shape, header.layout, coder).reshape(shape)


def _check(matrix: np.ndarray, weight_bits: int, layout: TileLayout, bypass: Bypass) -> None:
    if not isinstance(matrix, np.ndarray) or matrix.dtype != np.int8 or matrix.ndim != 2 or matrix.size == 0:
        found = f"{matrix.dtype} {matrix.shape}" if isinstance(matrix, np.ndarray) else type(matrix).__name__
        raise InputError(f"a matrix to encode is a two-dimensional int8 array with at least one element, not {found}")
    if matrix.size > MAX_POSITIONS:
        raise InputError(f"a matrix of {matrix.size} positions is too large; at most {MAX_POSITIONS}")
    if isinstance(weight_bits, bool) or not isinstance(weight_bits, int | np.integer) or not 1 <= weight_bits <= 8:
        raise InputError(f"weight_bits = {weight_bits!r}: it is a whole number from 1 to 8")
    choices = get_args(Bypass)
    if bypass not in choices:
        raise InputError(f"bypass = {bypass!r}: one of {', '.join(choices)}{nearest(str(bypass), choices)}")
    limits = {"lanes": U16, "block_columns": U16, "tile_positions": U32, "decoder_streams": U16}
    for key, limit in limits.items():
        value = getattr(layout, key)
        if not 1 <= value <= limit:
            raise InputError(f"layout {key} = {value}: it is a whole number from 1 to {limit}")


def _open(data: bytes) -> tuple[memoryview, MatrixHeader, int, Coder | TileCoder]:
    view = memoryview(data).toreadonly()
    header, reference = read_matrix_header(view)
    coder = registry.by_number(header.codec).restore(header.weight_bits, header.options, header.table)
    return view, header, reference, coder


def _describe(data: bytes, header: MatrixHeader, tiling: Tiling, sizes: np.ndarray, load: np.ndarray) -> Encoded:
    return Encoded(
        data=data,
        shape=header.shape,
        codec=registry.by_number(header.codec).name,
        weight_bits=header.weight_bits,
        layout=header.layout,
        tiling=tiling,
        table_bytes=header.size,
        tile_offset_bytes=header.size + np.cumsum(sizes) - sizes,
        tile_bytes=sizes,
        decoder_load=load,
    )


def _tile_offsets(data: memoryview, header: MatrixHeader) -> np.ndarray:
    offsets = np.empty(header.tiles, dtype=np.int64)
    offset = header.size
    for index in range(header.tiles):
        offsets[index] = offset
        offset = tile_end(data, offset)
    if offset != len(data):
        raise CodecError(f"the tiles end at byte {offset} of {len(data)}")
    return offsets


def _tile_shape(tiling: Tiling, index: int) -> tuple[int, int]:
    return int(tiling.rows[index]), int(tiling.columns[index])


def _windows(tiling: Tiling, layout: TileLayout) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """Each tile's place in the matrix and its `position_order`."""
    for index in range(len(tiling)):
        row, column = int(tiling.row[index]), int(tiling.column[index])
        rows, columns = _tile_shape(tiling, index)
        order = position_order(rows, columns, layout.lanes, layout.block_columns)
        yield (slice(row, row + rows), slice(column, column + columns)), order


def _stream_bounds(positions: int, layout: TileLayout) -> list[tuple[int, int]]:
    part = -(-positions // layout.decoder_streams)
    starts = [min(stream * part, positions) for stream in range(layout.decoder_streams + 1)]
    return list(pairwise(starts))


def _runs(shape: tuple[int, int], layout: TileLayout) -> np.ndarray:
    return run_starts(*shape, layout.lanes, layout.block_columns)


def _encode_streams(
    values: np.ndarray,
    bounds: list[tuple[int, int]],
    shape: tuple[int, int],
    layout: TileLayout,
    coder: Coder | TileCoder,
) -> list[Part]:
    if isinstance(coder, TileCoder):
        return coder.encode_tile(values, bounds, _runs(shape, layout))
    return [coder.encode(values[start:stop]) for start, stop in bounds]


def _load_streams(
    streams: list[memoryview],
    bounds: list[tuple[int, int]],
    shape: tuple[int, int],
    layout: TileLayout,
    coder: Coder | TileCoder,
) -> list[tuple[int, int]]:
    if isinstance(coder, TileCoder):
        return coder.load_tile(streams, bounds, _runs(shape, layout))
    return [coder.load(bits, stop - start) for (start, stop), bits in zip(bounds, streams, strict=True)]


def _decode_streams(
    streams: list[memoryview],
    order: np.ndarray,
    shape: tuple[int, int],
    layout: TileLayout,
    coder: Coder | TileCoder,
) -> np.ndarray:
    tile = np.empty(order.size, dtype=np.int8)
    bounds = _stream_bounds(order.size, layout)
    if isinstance(coder, TileCoder):
        tile[order] = coder.decode_tile(streams, bounds, _runs(shape, layout))
        return tile
    for (start, stop), bits in zip(bounds, streams, strict=True):
        tile[order[start:stop]] = coder.decode(bits, stop - start)
    return tile
