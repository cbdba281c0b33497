"""Damaged streams: never a crash, never wrong weights."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from dataclasses import replace

import numpy as np
import pytest

from azsim.compress.codecs import codecs, decode, decode_tile, encode, parse
from azsim.compress.codecs.stream import header_reference, pack_tile, read_matrix_header
from azsim.compress.layout import TileLayout
from azsim.errors import CodecError, InputError
from tests.compress.codecs.forge import streams_of

LAYOUT = TileLayout(lanes=4, block_columns=8, tile_positions=256, decoder_streams=2)


def stream(codec: str) -> bytes:
    rng = np.random.default_rng(4)
    matrix = (rng.integers(-8, 8, (24, 40)) * (rng.random((24, 40)) < 0.6)).astype(np.int8)
    return encode(matrix, codec, 5, LAYOUT).data


def sealed(data: bytes, at: int, change: bytes) -> bytes:
    """``data`` with bytes changed in its matrix header, and the header's CRC-32 made right again."""
    changed = bytearray(data)
    changed[at : at + len(change)] = change
    end = 40 + struct.unpack_from("<H", changed, 26)[0]
    changed[end : end + 4] = struct.pack("<I", zlib.crc32(changed[:end]))
    return bytes(changed)


@pytest.mark.parametrize("codec", codecs())
def test_every_damage_is_noticed(codec: str) -> None:
    data = stream(codec)
    rng = np.random.default_rng(20)
    for _ in range(600):
        damaged = bytearray(data)
        match rng.integers(4):
            case 0:
                damaged[rng.integers(len(data))] ^= 1 << rng.integers(8)
            case 1:
                start = rng.integers(len(data))
                damaged[start : start + rng.integers(1, 9)] = rng.bytes(rng.integers(0, 9))
            case 2:
                del damaged[rng.integers(len(data)) :]
            case _:
                damaged += rng.bytes(rng.integers(1, 40))
        if damaged != data:
            for read in (decode, parse):
                with pytest.raises(CodecError):
                    read(bytes(damaged))


@pytest.mark.parametrize("codec", codecs())
def test_every_single_flipped_bit_is_noticed(codec: str) -> None:
    data = encode(np.full((3, 5), -7, np.int8), codec, 5, TileLayout(lanes=2, tile_positions=6, decoder_streams=2)).data
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(CodecError):
            decode(bytes(damaged))


def test_noise_is_refused() -> None:
    rng = np.random.default_rng(6)
    for size in [0, 1, 43, 44, 45, 1000]:
        with pytest.raises(CodecError):
            decode(rng.bytes(size))
        with pytest.raises(CodecError):
            decode(b"AZW1" + rng.bytes(size))


def test_tiles_that_change_places_are_noticed() -> None:
    data = stream("raw")
    encoded = parse(data)
    first, second = (int(offset) for offset in encoded.tile_offset_bytes[:2])
    size = int(encoded.tile_bytes[0])
    swapped = data[:first] + data[second : second + size] + data[first : first + size] + data[second + size :]
    with pytest.raises(CodecError, match="not tile 0"):
        decode(swapped)


def test_a_tile_of_another_matrix_is_noticed() -> None:
    one = encode(np.full((8, 8), 1, np.int8), "zvsv", 5, LAYOUT)
    two = encode(np.full((8, 8), 2, np.int8), "zvsv", 5, LAYOUT)
    mixed = one.data[: one.table_bytes] + two.data[two.table_bytes :]
    with pytest.raises(CodecError, match="not tile 0 of this matrix"):
        decode(mixed)


def test_damage_elsewhere_does_not_hinder_a_tile() -> None:
    data = bytearray(stream("zvsv"))
    good = decode_tile(bytes(data), 0)
    data[-1] ^= 1
    np.testing.assert_array_equal(decode_tile(bytes(data), 0), good)
    with pytest.raises(CodecError, match="is damaged"):
        decode_tile(bytes(data), len(parse(stream("zvsv")).tiling) - 1)


@pytest.mark.parametrize(
    ("at", "change", "words"),
    [
        (4, b"\xee", "codec number 238"),
        (5, b"\x00", "impossible"),
        (5, b"\x04", "zvsv of 4 bits, options 0, cannot have 32 entries"),
        (6, b"\x80", "options 0x80"),
        (8, b"\xff\xff\xff\xff", "impossible"),
        (12, b"\xff\xff\xff\x7f", "impossible"),
        (16, b"\x00\x00", "impossible"),
        (24, b"\xff\xff", "too short"),
        (28, b"\xff\xff\xff\xff", "impossible"),
    ],
)
def test_a_header_that_lies_is_refused(at: int, change: bytes, words: str) -> None:
    with pytest.raises(CodecError, match=words):
        decode(sealed(stream("zvsv"), at, change))


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (struct.pack("<2I", 1, 3) + bytes(4), "do not hold"),
        (struct.pack("<2I", 900, 900), "do not add up"),
        (bytes(4), "too short"),
    ],
)
def test_a_payload_that_lies_is_refused(payload: bytes, words: str) -> None:
    encoded = encode(np.full((2, 3), 9, np.int8), "zvsv", 5, LAYOUT)
    tile = encoded.data[encoded.table_bytes : encoded.table_bytes + 20] + struct.pack("<I", len(payload))
    tile += struct.pack("<I", zlib.crc32(tile + payload)) + payload
    head = encoded.data[: encoded.table_bytes]
    total = struct.pack("<Q", len(head) + len(tile))
    resealed = sealed(head + tile, 32, total)
    reference = resealed[encoded.table_bytes - 4 : encoded.table_bytes]
    tile = tile[:4] + reference + tile[8:24]
    tile += struct.pack("<I", zlib.crc32(tile + payload)) + payload
    with pytest.raises(CodecError, match=words):
        decode(resealed[: encoded.table_bytes] + tile)


@pytest.mark.parametrize("codec", codecs())
@pytest.mark.parametrize("shape", [(1, (1 << 31) - 1), (46_340, 46_340)])
def test_a_vast_matrix_in_a_few_bytes_is_refused_before_memory_is_taken(codec: str, shape: tuple[int, int]) -> None:
    encoded = encode(np.zeros((1, 1), np.int8), codec, 4, TileLayout(1, 1, (1 << 32) - 1, 1))
    header, _ = read_matrix_header(memoryview(encoded.data))
    header = replace(header, shape=shape)
    head = header.pack()
    tile = pack_tile(header, header_reference(head), 0, shape, streams_of(encoded)[0])
    tracemalloc.start()
    try:
        with pytest.raises(CodecError, match=r"more than 16384 per byte"):
            decode(head + tile)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("codec", ["huffman", "golomb", "ans"])
def test_what_no_decoder_would_read_is_not_written(codec: str) -> None:
    vast = np.broadcast_to(np.int8(0), (4096, 4096))
    with pytest.raises(InputError, match="cut smaller tiles"):
        encode(vast, codec, 4, TileLayout(1, 1, 1 << 24, 1))
    assert len(encode(vast, codec, 4).data) * 16_384 > vast.size
