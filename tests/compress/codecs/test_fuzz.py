"""A hundred thousand damaged streams: all codecs, damage that the CRC-32 sees and damage that it does not.

To see that no kernel leaves its arrays, run this file with ``NUMBA_BOUNDSCHECK=1`` and an empty ``NUMBA_CACHE_DIR``.
"""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from azsim.compress.codecs import codecs, decode, encode
from azsim.compress.codecs.stream import CRC
from azsim.compress.encoded import Encoded
from azsim.compress.layout import TileLayout
from azsim.errors import CodecError
from tests.compress.codecs.forge import forge, forgeries, refused_or_decoded, streams_of

BLIND = 9_000
FORGED = 800
FORGED_TABLES = 300
LAYOUT = TileLayout(lanes=4, block_columns=8, tile_positions=600, decoder_streams=3)


def small_stream(codec: str) -> Encoded:
    """Two tiles of a matrix that gives every codec something to do."""
    rng = np.random.default_rng(7)
    scale = np.where(np.arange(36) % 3 == 0, 7, 2)[:, None]
    matrix = (rng.integers(-scale, scale + 1, (36, 24)) * (rng.random((36, 24)) < 0.6)).astype(np.int8)
    return encode(matrix, codec, 5, LAYOUT)


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """``data`` with bits flipped, bytes replaced, moved, cut off or added."""
    changed = bytearray(data)
    kind, at, size = rng.integers(6), int(rng.integers(len(data))), int(rng.integers(1, 9))
    if kind < 2:
        for bit in rng.integers(8 * len(data), size=size if kind else 1):
            changed[bit >> 3] ^= 1 << (bit & 7)
    elif kind == 2:
        changed[at : at + size] = rng.bytes(size)
    elif kind == 3:
        del changed[at : at + size]
    elif kind == 4:
        changed[at:at] = rng.bytes(size)
    else:
        del changed[at:]
    return bytes(changed)


@pytest.mark.parametrize("codec", codecs())
def test_damage_is_always_noticed(codec: str) -> None:
    data = small_stream(codec).data
    rng = np.random.default_rng(1)
    shape = (36, 24)
    for _ in range(BLIND):
        wrong = damaged(data, rng)
        assert wrong == data or refused_or_decoded(wrong, shape)


@pytest.mark.parametrize("codec", codecs())
def test_forged_bits_and_tables_are_refused_or_decoded(codec: str) -> None:
    encoded = small_stream(codec)
    for data in forgeries(encoded, FORGED, 2):
        refused_or_decoded(data, encoded.shape)
    streams = streams_of(encoded)
    table = encoded.data[40 : encoded.table_bytes - CRC.size]
    rng = np.random.default_rng(3)
    for _ in range(FORGED_TABLES if table else 0):
        refused_or_decoded(forge(encoded, streams, damaged(table, rng)), encoded.shape)


@pytest.mark.parametrize("codec", codecs())
def test_forged_headers_are_refused_or_decoded(codec: str) -> None:
    encoded = small_stream(codec)
    end = encoded.table_bytes - CRC.size
    for byte in range(4, 32):
        for bit in range(8):
            changed = bytearray(encoded.data)
            changed[byte] ^= 1 << bit
            changed[end : end + CRC.size] = CRC.pack(zlib.crc32(changed[:end]))
            with pytest.raises(CodecError):
                decode(bytes(changed))


def test_there_are_enough_of_them() -> None:
    assert len(codecs()) * (BLIND + FORGED + 28 * 8) >= 100_000
