"""The parts of a bitstream."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.compress.codecs import codecs, describe, encode
from azsim.compress.layout import TileLayout
from azsim.errors import CodecError

LAYOUT = TileLayout(lanes=4, block_columns=8, tile_positions=256, decoder_streams=2)


def matrix() -> np.ndarray:
    rng = np.random.default_rng(4)
    return (rng.integers(1, 8, (24, 40)) * (rng.random((24, 40)) < 0.6)).astype(np.int8)


@pytest.mark.parametrize("codec", codecs())
def test_the_parts_add_up(codec: str) -> None:
    encoded = encode(matrix(), codec, 5, LAYOUT)
    parts = describe(encoded)
    assert parts.header_bytes + parts.table_bytes + parts.payload_bytes == len(encoded.data)
    assert sum(parts.bits_per_weight.values()) == pytest.approx(encoded.bits_per_weight)
    assert 0 <= 8 * parts.payload_bytes - parts.payload_bits <= 14 * parts.tiles * LAYOUT.decoder_streams
    assert parts.zero_share == np.mean(matrix() == 0)
    assert (parts.codec, parts.shape, parts.positions) == (codec, (24, 40), 960)
    assert parts.stream_values_max * parts.tiles * LAYOUT.decoder_streams >= parts.values


def test_fixed_width_in_figures() -> None:
    encoded = encode(matrix(), "zvsv", 5, LAYOUT)
    parts, stored = describe(encoded), np.count_nonzero(matrix())
    assert (parts.values, parts.payload_bits) == (stored, 960 + 5 * stored)
    assert (parts.table_bytes, parts.header_bytes) == (32, 44 + parts.tiles * (28 + 8))


def test_damage_is_refused() -> None:
    encoded = encode(matrix(), "huffman", 5, LAYOUT)
    with pytest.raises(CodecError, match="damaged"):
        describe(replace(encoded, data=encoded.data[:-1] + bytes([encoded.data[-1] ^ 1])))
