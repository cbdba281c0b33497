"""Which rows of a matrix go to which lane: as they come, or dealt out so that lanes and tiles are evenly loaded.

::

    rows by their non-zeros:  90 88 | 85 70 | 52 51 | 50 49 ...      a tile takes neighbours in this order,
                              tile 0          tile 1                 a lane always the next that suits it best

A tile lasts as long as its slowest lane, so rows of like weight belong together; within a tile each row goes, the
heaviest first, to the least loaded lane that has room. The permutation is made when the weights are encoded and
undone when the results are written: two bytes per row travel with the matrix as write addresses, no cycle is added.
"""

from __future__ import annotations

import numpy as np

from azsim.compress.layout import TileLayout, tile_shape
from azsim.devices.chip_spec import ChipSpec

ADDRESS_BYTES = 2
"""Write address of one row."""


def balanced_order(weights: np.ndarray, layout: TileLayout) -> np.ndarray:
    """The row that stands at each place: ``weights[order]`` is what is encoded; int64 ``(rows,)``.

    Args:
        weights: int8 ``(rows, columns)``.
        layout: lanes and tile size of the chip.

    **Source:** `assumed`; greedy dealing is longest-processing-time scheduling (Graham, 1969).
    """
    rows, columns = weights.shape
    tile_rows, _ = tile_shape(rows, columns, layout)
    load = np.count_nonzero(weights, axis=1)
    heaviest_first = np.argsort(-load, kind="stable")
    order = np.empty(rows, np.int64)
    for start in range(0, rows, tile_rows):
        mine = heaviest_first[start : start + tile_rows]
        order[start : start + mine.size] = _deal(mine, load, layout.lanes)
    return order


def address_bytes(chip: ChipSpec, rows: int) -> int:
    """Write addresses of a matrix on this chip: none in plain order."""
    return ADDRESS_BYTES * rows if chip.lanes is not None and chip.lanes.row_order == "balanced" else 0


def _deal(rows: np.ndarray, load: np.ndarray, lanes: int) -> np.ndarray:
    """The rows of one tile in the order in which place r belongs to lane ``r mod lanes``."""
    active = min(lanes, rows.size)
    room = np.array([-(-(rows.size - lane) // lanes) for lane in range(active)])
    taken = np.zeros(active, np.int64)
    weight = np.zeros(active, np.int64)
    placed = np.empty(rows.size, np.int64)
    for row in rows:
        lane = int(np.argmin(np.where(taken < room, weight, np.iinfo(np.int64).max)))
        placed[taken[lane] * lanes + lane] = row
        taken[lane] += 1
        weight[lane] += load[row]
    return placed
