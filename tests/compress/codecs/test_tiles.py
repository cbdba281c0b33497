"""Bitstreams one tile at a time."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.codecs import codecs, decode, encode
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.codecs.stream import read_matrix_header
from azsim.compress.codecs.tiles import TileReader, TileWriter
from azsim.compress.layout import TileLayout, cut
from azsim.errors import CodecError

LAYOUT = TileLayout(lanes=4, block_columns=8, tile_positions=300, decoder_streams=3)


def matrix(seed: int, shape: tuple[int, int] = (37, 29)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.integers(-4, 5, shape) * (rng.random(shape) < 0.6)).astype(np.int8)


@pytest.mark.parametrize("codec", codecs())
def test_reading_and_writing_tile_by_tile_gives_the_same_bytes(codec: str) -> None:
    source = matrix(1)
    data = encode(source, codec=codec, weight_bits=4, layout=LAYOUT).data
    reader = TileReader(data)
    writer = TileWriter(read_matrix_header(memoryview(data))[0])
    tiles = [reader.values() for _ in range(reader.tiles)]
    assert np.array_equal(np.concatenate(tiles), StreamPositions(cut(*source.shape, LAYOUT), LAYOUT).gather(source))
    assert b"".join([writer.head, *map(writer.tile, tiles)]) == data


def test_damage_shows_at_its_tile_and_not_before() -> None:
    data = bytearray(encode(matrix(2), codec="zvsv", weight_bits=4, layout=LAYOUT).data)
    data[-1] ^= 1
    reader = TileReader(bytes(data))
    for _ in range(reader.tiles - 1):
        reader.values()
    with pytest.raises(CodecError, match=f"tile {reader.tiles - 1}"):
        reader.values()
    with pytest.raises(CodecError):
        decode(bytes(data))


def test_there_is_no_tile_after_the_last() -> None:
    reader = TileReader(encode(matrix(3), codec="raw", weight_bits=8, layout=LAYOUT).data)
    for _ in range(reader.tiles):
        reader.values()
    with pytest.raises(CodecError, match="none after the last"):
        reader.values()


def test_a_value_that_the_tables_do_not_know_is_refused_and_looked_up_nowhere() -> None:
    """A header out of an update may come with any values."""
    source = np.where(matrix(4, (200, 200)) > 0, 3, -3).astype(np.int8)
    source[:2] = 1
    writer = TileWriter(read_matrix_header(memoryview(encode(source, codec="ans", layout=LAYOUT).data))[0])
    for wrong in (2, 127, -1):
        with pytest.raises(CodecError, match="do not know a value"):
            writer.tile(np.full(300, wrong, np.int8))
