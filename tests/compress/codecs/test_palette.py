"""`palette`: b bits per weight, and the table of values."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.codecs import decode, encode, get
from azsim.compress.layout import TileLayout
from azsim.errors import CodecError, InputError
from tests.compress.codecs.forge import streams_of

ONE_STREAM = TileLayout(lanes=1, block_columns=1, tile_positions=1 << 20, decoder_streams=1)


def test_the_palette_rises_and_repeats_its_last_value() -> None:
    encoded = encode(np.array([[9], [-128], [0], [9], [0]], np.int8), "palette", 2, ONE_STREAM)
    assert encoded.data[40:44] == bytes([128, 0, 9, 9])
    assert streams_of(encoded) == [[bytes([0b10_01_00_10, 0b01])]]


@pytest.mark.parametrize("bits", range(1, 9))
def test_a_full_palette_takes_exactly_its_bits(bits: int) -> None:
    values = np.random.default_rng(bits).choice(np.arange(-128, 128), 1 << bits, replace=False)
    matrix = np.resize(values, (64, 64)).astype(np.int8)
    encoded = encode(matrix, "palette", bits, ONE_STREAM)
    assert len(encoded.data) == 44 + (1 << bits) + 28 + 4 + 64 * 64 * bits // 8
    np.testing.assert_array_equal(decode(encoded.data), matrix)


def test_one_value_too_many_is_refused() -> None:
    with pytest.raises(InputError, match=r"5 distinct values.*use weight_bits=3"):
        encode(np.arange(5, dtype=np.int8).reshape(1, 5), "palette", 2)


@pytest.mark.parametrize(("options", "table"), [(1, bytes(4)), (0, bytes(3)), (0, b"")])
def test_an_impossible_header_is_refused(options: int, table: bytes) -> None:
    with pytest.raises(CodecError, match="palette stream"):
        get("palette").restore(2, options, table)
