"""Where the positions of tiles stand: in the matrix, one after the other in the stream, and in decoder streams.

::

    matrix (rows, columns) ──gather──> flat: tile 0 | tile 1 | ...  ──bounds──> decoder streams 0 .. S-1 of each tile
                           <─scatter──
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from azsim.compiled import njit
from azsim.compress.layout import TileLayout, Tiling, run_starts


@njit(cache=True, nogil=True)
def _reorder(cells, flat, tiles, shape, to_flat):
    """Copy ``cells``, a matrix in row-major order, into ``flat`` (`position_order`, tile after tile) or back.

    ``tiles``: row, rows, column, columns; ``shape``: columns of the matrix, lanes, columns of a block. All unsigned.
    """
    width, lanes, block_columns = shape
    at, one = np.uint64(0), np.uint64(1)
    for tile in range(tiles.shape[0]):
        top, rows, left, columns = tiles[tile]
        end = left + columns
        while left < end:
            wide = min(block_columns, end - left)
            for lane in range(min(lanes, rows)):
                own = (rows - lane + lanes - one) // lanes
                corner = (top + lane) * width + left
                if own == one and to_flat:
                    for column in range(wide):
                        flat[at + column] = cells[corner + column]
                elif own == one:
                    for column in range(wide):
                        cells[corner + column] = flat[at + column]
                else:
                    for k in range(own):
                        for column in range(wide):
                            if to_flat:
                                flat[at + k + column * own] = cells[corner + column]
                            else:
                                cells[corner + column] = flat[at + k + column * own]
                        corner += lanes * width
                at += own * wide
            left += wide


@dataclass(frozen=True)
class StreamPositions:
    """The positions of some tiles of one matrix, in stream order.

    Attributes:
        tiling: the tiles.
        layout: what fixed their order.
    """

    tiling: Tiling
    layout: TileLayout

    @cached_property
    def bounds(self) -> np.ndarray:
        """First position of each decoder stream, tile after tile, and the end: int64 ``(tiles * streams + 1,)``."""
        positions, streams = self.tiling.positions, self.layout.decoder_streams
        part = -(-positions // streams)
        inside = np.minimum(np.arange(streams) * part[:, None], positions[:, None])
        first = np.cumsum(positions) - positions
        return np.append((first[:, None] + inside).ravel(), positions.sum())

    def gather(self, matrix: np.ndarray) -> np.ndarray:
        """The elements of an 8-bit matrix at these positions, in stream order."""
        flat = np.empty(int(self.bounds[-1]), dtype=np.uint8)
        cells = np.require(matrix, requirements=["C", "W"]).view(np.uint8).ravel()
        _reorder(cells, flat, self._tiles, self._shape(matrix.shape[1]), True)
        return flat.view(matrix.dtype)

    def scatter(self, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """The int8 matrix, or single tile, of that shape that `gather` would take ``values`` from."""
        cells = np.empty(shape[0] * shape[1], dtype=np.uint8)
        tiles = self._tiles * np.array([0, 1, 0, 1], dtype=np.uint64) if len(self.tiling) == 1 else self._tiles
        _reorder(cells, values.view(np.uint8), tiles, self._shape(shape[1]), False)
        return cells.view(np.int8).reshape(shape)

    def runs(self, tile: int) -> np.ndarray:
        """`run_starts` of one of the tiles."""
        rows, columns = int(self.tiling.rows[tile]), int(self.tiling.columns[tile])
        return run_starts(rows, columns, self.layout.lanes, self.layout.block_columns)

    def only(self, tile: int) -> StreamPositions:
        """One of the tiles alone."""
        tiling = self.tiling
        one = slice(tile, tile + 1)
        return StreamPositions(
            Tiling(tiling.row[one], tiling.rows[one], tiling.column[one], tiling.columns[one]), self.layout
        )

    @cached_property
    def _tiles(self) -> np.ndarray:
        tiling = self.tiling
        return np.stack([tiling.row, tiling.rows, tiling.column, tiling.columns], axis=1).astype(np.uint64)

    def _shape(self, columns: int) -> np.ndarray:
        return np.array([columns, self.layout.lanes, self.layout.block_columns], dtype=np.uint64)
