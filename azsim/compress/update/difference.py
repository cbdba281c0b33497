"""The difference between two bitstreams of one matrix, and the new bitstream out of the old one, tile by tile.

::

    old tile ──decode──> ranks ─┐
    difference tile ──decode────┴─(+, modulo alphabet)──> ranks ──> values ──encode──> new tile, byte for byte

The alphabet holds the values of both matrices, rising; a difference of 1 is a step to the next value. Differences
travel as an `ans` bitstream of the same tiles, so that an unchanged tile costs some 16 bytes; where a seeded mask says
which positions can change, those alone travel, one after the other. ``docs/updates.md`` is the specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from azsim.compress.codecs import decode, encode
from azsim.compress.codecs.codec import distinct
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.codecs.stream import MatrixHeader, read_matrix_header
from azsim.compress.codecs.tiles import TileReader, TileWriter
from azsim.compress.layout import TileLayout, cut
from azsim.compress.update.mask import SeededMask
from azsim.errors import CodecError, InputError

HEAD = struct.Struct("<BBBHbb")
MASK = struct.Struct("<QI")
NEW_TABLE, MASKED = 1, 2
LINE_LAYOUT = TileLayout(lanes=1, block_columns=16, tile_positions=16_384, decoder_streams=4)
"""How the differences of masked positions are cut: they are a matrix of one row."""


def make_difference(old: bytes, new: bytes, mask: SeededMask | None = None) -> bytes | None:
    """What turns bitstream ``old`` into bitstream ``new``; None if codec, shape or layout differ.

    Raises:
        InputError: a weight outside the mask differs.
        CodecError: a bitstream is damaged.
    """
    before, _ = read_matrix_header(memoryview(old))
    after, _ = read_matrix_header(memoryview(new))
    if (before.codec, before.shape, before.layout) != (after.codec, after.shape, after.layout):
        return None
    had, wanted = decode(old), decode(new)
    alphabet = np.union1d(distinct(had), distinct(wanted))
    steps = _wrapped(_ranks(alphabet)[wanted.view(np.uint8)] - _ranks(alphabet)[had.view(np.uint8)], alphabet.size)
    new_table = after.table != before.table
    head = HEAD.pack(
        NEW_TABLE * new_table | MASKED * (mask is not None), after.weight_bits, after.options,
        len(after.table) if new_table else 0, alphabet[0], alphabet[-1],
    )  # fmt: skip
    present = np.isin(np.arange(alphabet[0], alphabet[-1] + 1), alphabet)
    parts = [head, after.table if new_table else b"", np.packbits(present, bitorder="little").tobytes()]
    if mask is None:
        return b"".join((*parts, encode(steps, "ans", 8, after.layout).data))
    places = StreamPositions(cut(*after.shape, after.layout), after.layout)
    chosen = mask.of(after.shape)
    outside = int(np.count_nonzero(steps[~chosen]))
    if outside:
        raise InputError(
            f"{outside} weights outside the mask differ: they were trained too, or the seed is another one"
        )
    line = places.gather(steps)[places.gather(chosen.view(np.int8)) != 0]
    stream = encode(line[None], "ans", 8, LINE_LAYOUT).data if line.size else b""
    return b"".join((*parts, MASK.pack(mask.seed, mask.threshold), stream))


def apply_difference(old: memoryview, difference: memoryview, new_bytes: int) -> Iterator[bytes]:
    """The new bitstream, piece by piece: first its header, then tile after tile.

    Args:
        old: the old bitstream.
        difference: from `make_difference`.
        new_bytes: length of the new bitstream.

    Raises:
        CodecError: any of them is damaged or does not belong to the others.
    """
    reader = TileReader(old)
    header, alphabet, mask, stream = _read_head(reader.header, difference, new_bytes)
    rank_of = _ranks(alphabet)
    steps = _Steps(stream, header) if mask is None else _MaskedSteps(stream, header, mask)
    writer = TileWriter(header)
    yield writer.head
    written = len(writer.head)
    for _ in range(reader.tiles):
        had = rank_of[reader.values().view(np.uint8)]
        if had.min(initial=0) < 0:
            raise CodecError("the difference does not belong to this bitstream: it does not know a value in it")
        values = alphabet[(had + steps.tile()) % alphabet.size].astype(np.int8)
        tile = writer.tile(values)
        written += len(tile)
        yield tile
    if written != new_bytes:
        raise CodecError(f"the difference gives a bitstream of {written} bytes, not {new_bytes}")


def _read_head(
    before: MatrixHeader, difference: memoryview, new_bytes: int
) -> tuple[MatrixHeader, np.ndarray, SeededMask | None, memoryview]:
    """The new matrix header, the alphabet, the mask, and the bitstream of differences."""
    try:
        flags, bits, options, table_bytes, low, high = HEAD.unpack_from(difference)
        at = HEAD.size
        table = bytes(difference[at : at + table_bytes]) if flags & NEW_TABLE else before.table
        at += table_bytes
        packed = bytes(difference[at : at + (high - low + 8) // 8])
        at += len(packed)
        mask = None
        if flags & MASKED:
            mask = SeededMask(*MASK.unpack_from(difference, at))
            at += MASK.size
    except struct.error as error:
        raise CodecError(f"a difference of {len(difference)} bytes is too short") from error
    present = np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little")
    if flags & ~(NEW_TABLE | MASKED) or (table_bytes and not flags & NEW_TABLE) or low > high:
        raise CodecError(f"a difference with flags {flags:#04x} and values {low} to {high} is impossible")
    alphabet = low + np.flatnonzero(present)
    if present.size < high - low + 1 or not alphabet.size or alphabet[0] != low or alphabet[-1] != high:
        raise CodecError(f"a difference with {alphabet.size} values from {low} to {high} is impossible")
    if not 1 <= bits <= 8:
        raise CodecError(f"a difference to {bits} bits is impossible")
    header = replace(before, weight_bits=bits, options=options, table=table, total_bytes=new_bytes)
    return header, alphabet, mask, difference[at:]


class _Steps:
    """Differences of all positions, tile by tile."""

    def __init__(self, stream: memoryview, header: MatrixHeader) -> None:
        self._reader = TileReader(stream)
        if (self._reader.header.shape, self._reader.header.layout) != (header.shape, header.layout):
            raise CodecError("the difference does not belong to this bitstream: its shape or layout is another")

    def tile(self) -> np.ndarray:
        """Those of the next tile, int64 in stream order."""
        return self._reader.values().astype(np.int64)


class _MaskedSteps:
    """Differences of the positions of a mask; all others stay."""

    def __init__(self, stream: memoryview, header: MatrixHeader, mask: SeededMask) -> None:
        places = StreamPositions(cut(*header.shape, header.layout), header.layout)
        self._chosen = places.gather(mask.of(header.shape).view(np.int8)) != 0
        self._bounds = np.append(0, np.cumsum(places.tiling.positions))
        self._tile = 0
        count = int(np.count_nonzero(self._chosen))
        if bool(count) != bool(len(stream)):
            raise CodecError(f"a difference of {len(stream)} bytes for {count} masked positions is impossible")
        self._reader = TileReader(stream) if count else None
        self._waiting = np.zeros(0, np.int64)
        if self._reader and (self._reader.header.shape, self._reader.header.layout) != ((1, count), LINE_LAYOUT):
            raise CodecError(f"the difference does not belong to this bitstream: its mask has {count} positions")

    def tile(self) -> np.ndarray:
        """Those of the next tile, int64 in stream order, 0 outside the mask."""
        chosen = self._chosen[self._bounds[self._tile] : self._bounds[self._tile + 1]]
        self._tile += 1
        count = int(np.count_nonzero(chosen))
        while self._waiting.size < count:
            self._waiting = np.concatenate([self._waiting, self._reader.values().astype(np.int64)])
        steps = np.zeros(chosen.size, np.int64)
        steps[chosen], self._waiting = self._waiting[:count], self._waiting[count:]
        return steps


def _ranks(alphabet: np.ndarray) -> np.ndarray:
    """int64 ``(256,)``: place of each value (two's complement, unsigned) in the alphabet, -1 for those not in it."""
    ranks = np.full(256, -1, np.int64)
    ranks[alphabet & 255] = np.arange(alphabet.size)
    return ranks


def _wrapped(steps: np.ndarray, size: int) -> np.ndarray:
    """Steps modulo the size of the alphabet, around zero, as int8."""
    return ((steps + size // 2) % size - size // 2).astype(np.int8)
