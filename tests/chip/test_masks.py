"""Masks bit by bit, against the order in which positions stand in memory."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.masks import nonzero_bytes, pack_masks
from azsim.compress.layout import TileLayout, cut


def plain_masks(weights: np.ndarray, layout: TileLayout) -> tuple[list[int], list[int]]:
    tiling = cut(*weights.shape, layout)
    found, offsets = [], []
    for row, rows, column, columns in zip(tiling.row, tiling.rows, tiling.column, tiling.columns, strict=True):
        offsets.append(len(found))
        tile = weights[row : row + rows, column : column + columns]
        for start in range(0, columns, layout.block_columns):
            for lane in range(min(layout.lanes, rows)):
                run = tile[lane :: layout.lanes, start : start + layout.block_columns].T.ravel() != 0
                found += np.packbits(run, bitorder="little").tolist()
    return found, offsets


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (32, 16), (33, 17), (70, 40), (34, 130), (7, 300)])
@pytest.mark.parametrize("block", [1, 3, 8, 16])
def test_masks_follow_the_order_of_the_lanes(shape: tuple[int, int], block: int) -> None:
    rng = np.random.default_rng(sum(shape))
    weights = (rng.integers(-128, 128, shape) * (rng.random(shape) < 0.5)).astype(np.int8)
    for layout in (TileLayout(32, block, 512), TileLayout(5, block, 16_384)):
        masks = pack_masks(weights, cut(*shape, layout), layout.lanes, block)
        bits, offsets = plain_masks(weights, layout)
        assert masks.bits.tolist() == bits
        assert masks.offset.tolist() == offsets


def test_every_byte_value_but_zero_counts() -> None:
    for value in range(256):
        for byte in range(8):
            assert nonzero_bytes(np.uint64(value << (8 * byte))) == ((1 << byte) if value else 0)
    assert nonzero_bytes(np.uint64(0x8001FF7F00000180)) == 0b11110011
