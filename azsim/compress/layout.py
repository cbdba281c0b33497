"""How a matrix is cut into tiles, and in which order a tile's positions stand in memory.

::

    matrix rows x columns                 one tile: rows r0.., columns c0..
    +--------+--------+                   block 0 (16 columns)   block 1 ...
    | tile 0 | tile 1 |   row groups,       lane 0: column by column, in a column row by row
    +--------+--------+   left to right     lane 1: ...
    | tile 2 | tile 3 |                     ...      (row r of the tile belongs to lane r mod L)
    +--------+--------+

The order is the one in which the lanes consume the weights, so no permutation
stands in a hot path of the chip.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from azsim.errors import InputError


@dataclass(frozen=True, slots=True)
class TileLayout:
    """What the encoder must know of the chip that will read the stream.

    Attributes:
        lanes: rows of a tile go round-robin to this many lanes.
        block_columns: columns broadcast together.
        tile_positions: upper limit of positions in a tile (at least one row of one block).
        decoder_streams: a tile's positions are cut into this many contiguous parts of equal
            length ``ceil(n / streams)`` (the last may be shorter or empty), decoded in parallel.
    """

    lanes: int = 32
    block_columns: int = 16
    tile_positions: int = 16_384
    decoder_streams: int = 4


DEFAULT_LAYOUT = TileLayout()
_U16, _U32 = (1 << 16) - 1, (1 << 32) - 1
_MOST = {"lanes": _U16, "block_columns": _U16, "tile_positions": _U32, "decoder_streams": _U16}
"""What the header of a bitstream has room for."""


def check_layout(layout: TileLayout) -> None:
    """Refuse a layout that no bitstream can have; raises `InputError`."""
    if not isinstance(layout, TileLayout):
        raise InputError(f"layout: {type(layout).__name__}: must be a TileLayout")
    for key, most in _MOST.items():
        value = getattr(layout, key)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 1 <= value <= most:
            raise InputError(f"layout {key} = {value!r}: it is a whole number from 1 to {most}")


@dataclass(frozen=True, slots=True)
class Tiling:
    """The tiles of one matrix, in fetch order: row groups top to bottom, in each left to right.

    Attributes (int64 arrays of shape ``(tiles,)``):
        row, rows: first row and number of rows.
        column, columns: first column and number of columns.
    """

    row: np.ndarray
    rows: np.ndarray
    column: np.ndarray
    columns: np.ndarray

    def __len__(self) -> int:
        return int(self.row.size)

    @property
    def positions(self) -> np.ndarray:
        """Positions per tile, int64 ``(tiles,)``."""
        return self.rows * self.columns


def tile_shape(rows: int, columns: int, layout: TileLayout) -> tuple[int, int]:
    """Rows and columns of an uncut tile of a ``rows x columns`` matrix (those at the right and bottom may be smaller).

    A tile takes as many whole lane-rounds of full rows as fit into
    ``tile_positions``; if not even one round of full rows fits, the round is
    cut by columns at a multiple of ``block_columns``.
    """
    lanes, limit = layout.lanes, layout.tile_positions
    rounds = limit // (lanes * columns)
    if rounds >= 1:
        return min(rows, rounds * lanes), columns
    tile_rows = min(rows, lanes)
    blocks = max(1, limit // (tile_rows * layout.block_columns))
    return tile_rows, min(columns, blocks * layout.block_columns)


def cut(rows: int, columns: int, layout: TileLayout) -> Tiling:
    """Cut a ``rows x columns`` matrix into tiles of `tile_shape`."""
    tile_rows, tile_columns = tile_shape(rows, columns, layout)
    row_starts = np.arange(0, rows, tile_rows, dtype=np.int64)
    column_starts = np.arange(0, columns, tile_columns, dtype=np.int64)
    row = np.repeat(row_starts, column_starts.size)
    column = np.tile(column_starts, row_starts.size)
    return Tiling(
        row=row,
        rows=np.minimum(tile_rows, rows - row),
        column=column,
        columns=np.minimum(tile_columns, columns - column),
    )


@lru_cache(maxsize=64)
def position_order(rows: int, columns: int, lanes: int, block_columns: int) -> np.ndarray:
    """Row-major index of each position of a tile, in the order in which positions stand in memory.

    Blocks left to right; in a block lane after lane; in a lane column by
    column; in a column the lane's rows from top to bottom.

    Returns:
        Read-only int64 ``(rows * columns,)``, a permutation.
    """
    lane_rows = [np.arange(lane, rows, lanes, dtype=np.int64) for lane in range(min(lanes, rows))]
    parts = []
    for start in range(0, columns, block_columns):
        block = np.arange(start, min(start + block_columns, columns), dtype=np.int64)
        parts += [(block[:, None] + columns * own[None, :]).ravel() for own in lane_rows]
    order = np.concatenate(parts)
    order.flags.writeable = False
    return order


@lru_cache(maxsize=64)
def run_starts(rows: int, columns: int, lanes: int, block_columns: int) -> np.ndarray:
    """First position of each run of a tile: the rows of one lane in one column, in `position_order`.

    Returns:
        Read-only int64 ``(runs + 1,)``; the last entry is ``rows * columns``.
    """
    lengths = []
    for start in range(0, columns, block_columns):
        wide = min(block_columns, columns - start)
        lengths += [np.full(wide, -(-(rows - lane) // lanes)) for lane in range(min(lanes, rows))]
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths), dtype=np.int64)])
    starts.flags.writeable = False
    return starts
