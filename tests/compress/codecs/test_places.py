"""Positions in the matrix, in the stream and in the decoder streams, against a plain Python definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs.places import StreamPositions
from azsim.compress.layout import TileLayout, cut
from tests.compress.codecs.plain_decoder import lane_runs, positions, tiles

LAYOUTS = st.builds(
    TileLayout,
    lanes=st.integers(1, 9),
    block_columns=st.integers(1, 9),
    tile_positions=st.integers(1, 200),
    decoder_streams=st.integers(1, 6),
)


def order(rows: int, columns: int, layout: TileLayout) -> list[list[tuple[int, int]]]:
    """Row and column of the positions of each tile."""
    lanes, block = layout.lanes, layout.block_columns
    return [
        [(top + row, left + column) for row, column in positions(high, wide, lanes, block)]
        for top, left, high, wide in tiles(rows, columns, lanes, block, layout.tile_positions)
    ]


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 30), columns=st.integers(1, 30), layout=LAYOUTS)
def test_gather_takes_the_lanes_order_and_scatter_puts_it_back(rows: int, columns: int, layout: TileLayout) -> None:
    matrix = np.random.default_rng(rows).integers(-128, 128, (rows, columns)).astype(np.int8)
    places = StreamPositions(cut(rows, columns, layout), layout)
    flat = places.gather(matrix)
    assert flat.dtype == np.int8
    assert flat.tolist() == [int(matrix[at]) for tile in order(rows, columns, layout) for at in tile]
    np.testing.assert_array_equal(places.scatter(flat, matrix.shape), matrix)
    np.testing.assert_array_equal(places.gather(matrix.view(np.uint8)), flat.view(np.uint8))


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 30), columns=st.integers(1, 30), layout=LAYOUTS)
def test_streams_are_equal_parts_and_the_last_ones_may_be_short(rows: int, columns: int, layout: TileLayout) -> None:
    places, expected, at = StreamPositions(cut(rows, columns, layout), layout), [], 0
    for tile in order(rows, columns, layout):
        part = -(-len(tile) // layout.decoder_streams)
        expected += [at + min(stream * part, len(tile)) for stream in range(layout.decoder_streams)]
        at += len(tile)
    assert places.bounds.tolist() == [*expected, at]


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(1, 30), columns=st.integers(1, 30), layout=LAYOUTS, data=st.data())
def test_one_tile_alone_is_its_part_of_all(rows: int, columns: int, layout: TileLayout, data: st.DataObject) -> None:
    matrix = np.random.default_rng(columns).integers(-128, 128, (rows, columns)).astype(np.int8)
    places = StreamPositions(cut(rows, columns, layout), layout)
    tile = data.draw(st.integers(0, len(places.tiling) - 1))
    streams, one = layout.decoder_streams, places.only(tile)
    first, last = places.bounds[[tile * streams, (tile + 1) * streams]]
    np.testing.assert_array_equal(one.gather(matrix), places.gather(matrix)[first:last])
    np.testing.assert_array_equal(one.bounds, places.bounds[tile * streams : (tile + 1) * streams + 1] - first)
    row, high = int(places.tiling.row[tile]), int(places.tiling.rows[tile])
    column, wide = int(places.tiling.column[tile]), int(places.tiling.columns[tile])
    np.testing.assert_array_equal(
        one.scatter(one.gather(matrix), (high, wide)), matrix[row : row + high, column : column + wide]
    )
    runs = lane_runs(high, wide, layout.lanes, layout.block_columns)
    assert places.runs(tile).tolist() == [*(first for first, _ in runs), high * wide]
