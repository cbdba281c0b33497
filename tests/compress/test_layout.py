"""Tiles and the order of positions, against a plain Python definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs.stream import tile_count
from azsim.compress.layout import TileLayout, cut, position_order, run_starts
from tests.compress.codecs.plain_decoder import positions, tiles

LAYOUTS = st.builds(
    TileLayout, lanes=st.integers(1, 9), block_columns=st.integers(1, 9), tile_positions=st.integers(1, 300)
)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 60), columns=st.integers(1, 60), layout=LAYOUTS)
def test_tiles_cover_every_position_once(rows: int, columns: int, layout: TileLayout) -> None:
    tiling = cut(rows, columns, layout)
    cover = np.zeros((rows, columns), dtype=int)
    for row, high, column, wide in zip(tiling.row, tiling.rows, tiling.column, tiling.columns):
        cover[row : row + high, column : column + wide] += 1
    assert (cover == 1).all()
    assert len(tiling) == tile_count((rows, columns), layout)
    limit = max(layout.tile_positions, layout.lanes * layout.block_columns)
    assert tiling.positions.max() <= limit
    found = list(zip(tiling.row, tiling.column, tiling.rows, tiling.columns))
    assert found == tiles(rows, columns, layout.lanes, layout.block_columns, layout.tile_positions)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 40), columns=st.integers(1, 40), lanes=st.integers(1, 50), block=st.integers(1, 50))
def test_positions_stand_in_lane_order(rows: int, columns: int, lanes: int, block: int) -> None:
    order = position_order(rows, columns, lanes, block)
    assert sorted(order) == list(range(rows * columns))
    assert [divmod(int(index), columns) for index in order] == positions(rows, columns, lanes, block)
    assert not order.flags.writeable


def test_runs_are_the_rows_of_one_lane_in_one_column() -> None:
    for rows, columns, lanes, block in [(1, 1, 32, 16), (7, 5, 3, 2), (64, 40, 32, 16), (3, 9, 8, 4)]:
        order = position_order(rows, columns, lanes, block)
        owner = [(index // columns % lanes, index % columns) for index in order.tolist()]
        begins = [k for k in range(len(owner)) if k == 0 or owner[k] != owner[k - 1]]
        assert run_starts(rows, columns, lanes, block).tolist() == [*begins, rows * columns]
