"""A whole matrix to a bitstream and back, tile by tile."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from azsim import budget
from azsim.compress.circuit import Circuit
from azsim.compress.codecs import registry
from azsim.compress.codecs.bulk import in_bulk
from azsim.compress.codecs.codec import MatrixCoder, Options
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.codecs.stream import (
    MAX_POSITIONS,
    POSITIONS_PER_BYTE,
    MatrixHeader,
    header_reference,
    pack_tile,
    read_matrix_header,
    read_tile,
    tile_bytes,
    tile_count,
    tile_end,
)
from azsim.compress.encoded import Encoded
from azsim.compress.layout import DEFAULT_LAYOUT, TileLayout, Tiling, check_layout, cut
from azsim.errors import CodecError, InputError

BYTES_PER_STREAM, TILE_STREAMS = 500, 4
"""Memory that a decoder stream takes beside its bits, measured; a tile takes as much as so many of them."""
COPIES = 4
"""Bytes per weight that decoding takes at most: values in stream order and in place, their classes, the bits."""


def encode(
    matrix: np.ndarray,
    codec: str = "zvsv",
    weight_bits: int = 5,
    layout: TileLayout = DEFAULT_LAYOUT,
    options: Options | Mapping[str, object] | None = None,
    *,
    bypass: str | None = None,
) -> Encoded:
    """Encode an int8 matrix without loss.

    Args:
        matrix: int8 ``(rows, columns)``, at least 1 x 1.
        codec: a name from `codecs`.
        weight_bits: bits of an index or value, 1 to 8; `raw` and `bitmap` always take 8.
        layout: the chip geometry that fixes the order of positions.
        options: the codec's own choices, such as ``{"bypass": "zero-value"}`` for `zvsv`; None for its defaults.
        bypass: the same option of `zvsv` under its name of version 0.1.0; it goes with version 0.3.0.

    Raises:
        InputError: the codec cannot hold this matrix exactly (the message says what to do), or an argument is wrong.
    """
    _check(matrix, weight_bits, layout)
    chosen = registry.get(codec)
    if bypass is not None:
        warnings.warn("encode(bypass=...) is encode(options={'bypass': ...}) now", DeprecationWarning, stacklevel=2)
        options = {"bypass": bypass} if bypass != "none" or chosen.name == "zvsv" else None
    _require_room_for_streams(tile_count(matrix.shape, layout), layout)
    coder = chosen.plan(matrix, int(weight_bits), chosen.checked(options))
    bulk = in_bulk(coder)
    tiling = cut(*matrix.shape, layout)
    places = StreamPositions(tiling, layout)
    parts = bulk.encode_streams(places.gather(matrix), places)
    load = np.array([(part.values, part.bits) for part in parts], dtype=np.int64)
    streams = layout.decoder_streams
    tiles = [[part.data for part in parts[at : at + streams]] for at in range(0, len(parts), streams)]
    sizes = np.array([tile_bytes(tile, bulk.compact) for tile in tiles], dtype=np.int64)
    header = MatrixHeader(
        codec=chosen.number,
        weight_bits=coder.weight_bits,
        options=coder.options,
        shape=matrix.shape,
        layout=layout,
        table=coder.table,
        tiles=len(tiling),
        total_bytes=0,
        compact=bulk.compact,
    )
    header = replace(header, total_bytes=header.size + int(sizes.sum()))
    if matrix.size > POSITIONS_PER_BYTE * header.total_bytes:
        raise InputError(
            f"layout tile_positions = {layout.tile_positions}: {matrix.size} positions would be {header.total_bytes} "
            f"bytes, and a decoder refuses more than {POSITIONS_PER_BYTE} positions per byte; cut smaller tiles"
        )
    head = header.pack()
    reference = header_reference(head)
    shapes = tile_shapes(tiling)
    packed = (pack_tile(header, reference, index, shapes[index], tile) for index, tile in enumerate(tiles))
    return _describe(b"".join((head, *packed)), header, places, sizes, load, bulk.circuit)


def encode_like(encoded: Encoded, matrix: np.ndarray, layout: TileLayout | None = None) -> Encoded:
    """Encode another int8 matrix, or for another chip's layout, with the codec, bits and options of a bitstream.

    Raises:
        InputError: the codec cannot hold this matrix exactly with those bits.
    """
    _, header, _ = _open(encoded.data)
    options = registry.get(encoded.codec).options_like(header.options)
    return encode(matrix, encoded.codec, encoded.weight_bits, layout or encoded.layout, options)


def parse(data: bytes) -> Encoded:
    """Everything that `encode` said of a bitstream, from its bytes alone; raises as `read`."""
    return read(data)[1]


def decode(encoded: Encoded | bytes) -> np.ndarray:
    """Decode a bitstream, from its bytes alone, to int8 ``(rows, columns)``; raises as `read`."""
    return read(encoded.data if isinstance(encoded, Encoded) else encoded)[0]


def decode_tile(encoded: Encoded | bytes, index: int) -> np.ndarray:
    """Decode one tile alone, to int8 ``(tile rows, tile columns)``.

    Raises:
        InputError: there is no tile ``index``.
        CodecError: the matrix header or this tile is damaged (damage in other tiles is not seen).
    """
    view, header, reference = _open(encoded.data if isinstance(encoded, Encoded) else encoded)
    if not 0 <= index < header.tiles:
        raise InputError(f"tile {index} does not exist; the matrix has tiles 0 to {header.tiles - 1}")
    if isinstance(encoded, Encoded):
        offset = int(encoded.tile_offset_bytes[index])
    else:
        offset = header.size
        for _ in range(index):
            offset = tile_end(view, offset, header)
    places = StreamPositions(cut(*header.shape, header.layout), header.layout).only(index)
    shape = tile_shapes(places.tiling)[0]
    require_room(shape[0] * shape[1], shape)
    spans, end = read_tile(view, offset, header, reference, index, shape)
    spans = np.array(spans, dtype=np.int64) - offset
    values, _ = coder_of(header).decode_streams(padded(view[offset:end]), spans, places)
    return places.scatter(values, shape)


def _check(matrix: np.ndarray, weight_bits: int, layout: TileLayout) -> None:
    if not isinstance(matrix, np.ndarray) or matrix.dtype != np.int8 or matrix.ndim != 2 or matrix.size == 0:
        found = f"{matrix.dtype} {matrix.shape}" if isinstance(matrix, np.ndarray) else type(matrix).__name__
        raise InputError(f"a matrix to encode is a two-dimensional int8 array with at least one element, not {found}")
    if matrix.size > MAX_POSITIONS:
        raise InputError(f"a matrix of {matrix.size} positions is too large; at most {MAX_POSITIONS}")
    if isinstance(weight_bits, bool) or not isinstance(weight_bits, int | np.integer) or not 1 <= weight_bits <= 8:
        raise InputError(f"weight_bits = {weight_bits!r}: it is a whole number from 1 to 8")
    check_layout(layout)


def _open(data: bytes) -> tuple[memoryview, MatrixHeader, int]:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise CodecError(f"{type(data).__name__}: must be the bytes of a weight stream")
    view = memoryview(data).toreadonly()
    return view, *read_matrix_header(view)


def coder_of(header: MatrixHeader) -> MatrixCoder:
    """The coder that a matrix header describes; raises `CodecError` if there is none."""
    coder = in_bulk(registry.by_number(header.codec).restore(header.weight_bits, header.options, header.table))
    if coder.compact != header.compact:
        raise CodecError("the matrix header is impossible: its codec frames tiles differently")
    return coder


def read(data: bytes) -> tuple[np.ndarray, Encoded]:
    """What `decode` and `parse` give, in one pass.

    Raises:
        CodecError: the bitstream is damaged.
        InputError: what its header promises takes more memory than may be taken.
    """
    view, header, reference = _open(data)
    require_room(header.shape[0] * header.shape[1], header.shape)
    _require_room_for_streams(header.tiles, header.layout)
    coder = coder_of(header)
    places = StreamPositions(cut(*header.shape, header.layout), header.layout)
    offset = header.size
    ends, spans = [], []
    for index, shape in enumerate(tile_shapes(places.tiling)):
        streams, offset = read_tile(view, offset, header, reference, index, shape)
        ends.append(offset)
        spans += streams
    if offset != len(data):
        raise CodecError(f"the tiles end at byte {offset} of {len(data)}")
    values, load = coder.decode_streams(padded(view), np.array(spans, dtype=np.int64), places)
    sizes = np.diff(np.array(ends, dtype=np.int64), prepend=header.size)
    return places.scatter(values, header.shape), _describe(data, header, places, sizes, load, coder.circuit)


def padded(data: memoryview) -> np.ndarray:
    """The bytes and 8 more, so that kernels can load words."""
    longer = np.zeros(len(data) + 8, dtype=np.uint8)
    longer[: len(data)] = data
    return longer


def positions_in(data: bytes | memoryview) -> int:
    """How many weights a bitstream says that it holds; raises `CodecError` if its header is damaged."""
    rows, columns = read_matrix_header(memoryview(data).toreadonly())[0].shape
    return rows * columns


def require_room(positions: int, shape: tuple[int, int]) -> None:
    """Refuse to decode more than the memory budget allows; raises `InputError`."""
    budget.require(COPIES * positions, what=f"decoding a matrix of {shape[0]:,} x {shape[1]:,}")


def _require_room_for_streams(tiles: int, layout: TileLayout) -> None:
    count = tiles * layout.decoder_streams
    what = f"a matrix of {tiles:,} tiles with {layout.decoder_streams:,} decoder streams each"
    budget.require(BYTES_PER_STREAM * (count + TILE_STREAMS * tiles), what=what)


def _describe(
    data: bytes, header: MatrixHeader, places: StreamPositions, sizes: np.ndarray, load: np.ndarray, circuit: Circuit
) -> Encoded:
    """``load``: values and bits of each stream."""
    shape = (header.tiles, header.layout.decoder_streams, -1)
    positions = np.diff(places.bounds).reshape(shape)
    return Encoded(
        data=data,
        shape=header.shape,
        codec=registry.by_number(header.codec).name,
        weight_bits=header.weight_bits,
        layout=header.layout,
        tiling=places.tiling,
        table_bytes=header.size,
        tile_offset_bytes=header.size + np.cumsum(sizes) - sizes,
        tile_bytes=sizes,
        decoder_load=np.concatenate([positions, load.reshape(shape)], axis=2),
        circuit=circuit,
    )


def tile_shapes(tiling: Tiling) -> list[tuple[int, int]]:
    """Rows and columns of each tile."""
    return list(zip(tiling.rows.tolist(), tiling.columns.tolist()))
