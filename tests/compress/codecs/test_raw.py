"""`raw`: the bytes themselves, in position order."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.codecs import encode, get
from azsim.compress.layout import TileLayout, position_order
from azsim.errors import CodecError
from tests.compress.codecs.forge import streams_of


def test_streams_are_the_positions_of_each_tile_in_order() -> None:
    matrix = np.random.default_rng(1).integers(-128, 128, (10, 7)).astype(np.int8)
    encoded = encode(matrix, "raw", 8, TileLayout(lanes=3, block_columns=2, tile_positions=1000, decoder_streams=4))
    order = position_order(10, 7, 3, 2)
    assert b"".join(streams_of(encoded)[0]) == matrix.ravel()[order].tobytes()
    assert [len(stream) for stream in streams_of(encoded)[0]] == [18, 18, 18, 16]


@pytest.mark.parametrize("bits", [1, 5, 8])
def test_it_takes_eight_bits_whatever_is_asked(bits: int) -> None:
    encoded = encode(np.ones((64, 64), np.int8), "raw", bits)
    assert encoded.weight_bits == 8
    assert len(encoded.data) == 64 * 64 + 44 + len(encoded.tiling) * (28 + 4 * 4)


@pytest.mark.parametrize(("bits", "options", "table"), [(7, 0, b""), (8, 1, b""), (8, 0, b"x")])
def test_an_impossible_header_is_refused(bits: int, options: int, table: bytes) -> None:
    with pytest.raises(CodecError, match="raw stream"):
        get("raw").restore(bits, options, table)
