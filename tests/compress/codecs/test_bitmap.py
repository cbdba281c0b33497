"""`bitmap`: a bit per position and eight per non-zero value."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.codecs import encode, get
from azsim.compress.layout import TileLayout
from azsim.errors import CodecError
from tests.compress.codecs.forge import streams_of

ONE_STREAM = TileLayout(lanes=1, block_columns=1, tile_positions=1 << 20, decoder_streams=1)


def test_the_bitmap_comes_first_then_the_values() -> None:
    column = np.array([[0], [5], [0], [0], [-1], [0], [0], [0], [0], [7]], np.int8)
    encoded = encode(column, "bitmap", 8, ONE_STREAM)
    assert streams_of(encoded) == [[bytes([0b00010010, 0b10, 5, 255, 7])]]
    assert encoded.decoder_load.tolist() == [[[10, 3, 10 + 24]]]


@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.9, 1.0])
def test_it_takes_one_and_eight_times_the_density(sparsity: float) -> None:
    matrix = (np.random.default_rng(2).random((64, 64)) >= sparsity).astype(np.int8)
    encoded = encode(matrix, "bitmap", 3, ONE_STREAM)
    stored = np.count_nonzero(matrix)
    assert len(encoded.data) == 44 + 28 + 4 + 64 * 64 // 8 + stored


@pytest.mark.parametrize(("bits", "options", "table"), [(7, 0, b""), (8, 1, b""), (8, 0, b"x")])
def test_an_impossible_header_is_refused(bits: int, options: int, table: bytes) -> None:
    with pytest.raises(CodecError, match="bitmap stream"):
        get("bitmap").restore(bits, options, table)
