"""A bitstream's parts add up, tell the decoder's load, and can be read back from the bytes."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.codecs import codecs, encode, parse
from azsim.compress.layout import TileLayout
from tests.compress.codecs.few_values import few_values

FIXED_WIDTH = ("raw", "packed", "bitmap", "palette", "zvsv")


@pytest.mark.parametrize("codec", FIXED_WIDTH)
def test_decoder_load_counts_positions_values_and_bits(codec: str) -> None:
    matrix = few_values(4, 11, (61, 67), 0.6)
    matrix = np.clip(matrix, -7, 7)
    layout = TileLayout(lanes=8, tile_positions=500, decoder_streams=3)
    encoded = encode(matrix, codec, 4, layout)
    load, tiling = encoded.decoder_load, encoded.tiling
    assert load.dtype == np.int64
    assert load.shape == (len(tiling), 3, 3)
    np.testing.assert_array_equal(load[:, :, 0].sum(axis=1), tiling.positions)
    share = -(-tiling.positions // 3)
    np.testing.assert_array_equal(load[:, 0, 0], share)
    nonzeros = [
        np.count_nonzero(matrix[row : row + rows, column : column + columns])
        for row, rows, column, columns in zip(tiling.row, tiling.rows, tiling.column, tiling.columns)
    ]
    skips = codec in ("bitmap", "zvsv")
    bits = {"raw": 8, "bitmap": 8}.get(codec, 4)
    np.testing.assert_array_equal(load[:, :, 1].sum(axis=1), nonzeros if skips else tiling.positions)
    np.testing.assert_array_equal(load[:, :, 2], load[:, :, 1] * bits + (load[:, :, 0] if skips else 0))


@pytest.mark.parametrize("codec", codecs())
def test_the_parts_add_up_and_can_be_recovered_from_the_bytes(codec: str) -> None:
    encoded = encode(np.clip(few_values(4, 2, (90, 45)), -7, 7), codec, 4, TileLayout(tile_positions=700))
    assert encoded.table_bytes + encoded.tile_bytes.sum() == len(encoded.data)
    assert encoded.tile_offset_bytes[0] == encoded.table_bytes
    np.testing.assert_array_equal(np.diff(encoded.tile_offset_bytes), encoded.tile_bytes[:-1])
    again = parse(encoded.data)
    for key in ("codec", "shape", "weight_bits", "layout", "table_bytes"):
        assert getattr(again, key) == getattr(encoded, key)
    for key in ("tile_offset_bytes", "tile_bytes", "decoder_load"):
        np.testing.assert_array_equal(getattr(again, key), getattr(encoded, key))


@pytest.mark.parametrize("codec", codecs())
def test_the_load_is_within_the_bytes_of_each_tile(codec: str) -> None:
    encoded = encode(np.clip(few_values(4, 3, (90, 45)), -7, 7), codec, 4, TileLayout(tile_positions=700))
    load = encoded.decoder_load
    np.testing.assert_array_equal(load[:, :, 0].sum(axis=1), encoded.tiling.positions)
    assert ((-(-load[:, :, 2] // 8)).sum(axis=1) < encoded.tile_bytes).all()
    assert encoded.bits_per_weight == pytest.approx(8 * len(encoded.data) / (90 * 45))
