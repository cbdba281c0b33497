"""Which weights of a matrix are not zero, one bit each, in the order in which the lanes take them.

::

    tile ─> block of columns ─> lane ─> column by column, row by row ─> bits, each run padded to whole bytes
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.compiled import njit
from azsim.compress.layout import Tiling


@dataclass(frozen=True, slots=True)
class LaneMasks:
    """Prebuilt masks of one matrix.

    Attributes:
        bits: uint8, the runs of all tiles one after another.
        offset: int64 ``(tiles,)``: where each tile begins in ``bits``.
    """

    bits: np.ndarray
    offset: np.ndarray


def pack_masks(weights: np.ndarray, tiling: Tiling, lanes: int, block_columns: int) -> LaneMasks:
    """The non-zero mask of an int8 matrix ``(rows, columns)``."""
    whole, rest = tiling.columns // block_columns, tiling.columns % block_columns
    size = whole * _block_bytes(tiling.rows, block_columns, lanes) + _block_bytes(tiling.rows, rest, lanes)
    offset = np.concatenate([np.zeros(1, np.int64), np.cumsum(size)])
    bits = np.empty(int(offset[-1]), np.uint8)
    weights = np.require(weights, np.int8, ["C", "W"])  # one type of array, so one compiled kernel
    tiles = (tiling.row, tiling.rows, tiling.column, tiling.columns)
    _pack(weights, _words(weights, block_columns), tiles, np.arange(weights.shape[1]), lanes, block_columns, bits)
    return LaneMasks(bits=bits, offset=offset[:-1])


def _words(weights: np.ndarray, block_columns: int) -> np.ndarray:
    """The matrix as uint64 ``(rows, ceil(columns / 8))``; ``(0, 0)`` if blocks do not begin at words."""
    if block_columns % 8:
        return np.zeros((0, 0), np.uint64)
    spare = -weights.shape[1] % 8
    whole = np.pad(weights, ((0, 0), (0, spare))) if spare else weights
    return whole.view(np.uint64)


def _block_bytes(rows: np.ndarray, columns: np.ndarray | int, lanes: int) -> np.ndarray:
    """Bytes of one block's runs over all lanes."""
    longer = rows % lanes
    rounds = rows // lanes
    return longer * (-(-(rounds + 1) * columns // 8)) + (lanes - longer) * (-(-rounds * columns // 8))


@njit(cache=True, nogil=True)
def _pack(weights, words, tiles, every, lanes, block, bits):
    row, rows, column, columns = tiles
    place = 0
    for tile in range(row.size):
        rounds = rows[tile] // lanes
        longer = rows[tile] % lanes
        end_column = column[tile] + columns[tile]
        for start in range(column[tile], end_column, block):
            stop = min(start + block, end_column)
            for lane in range(min(lanes, rows[tile])):
                first = row[tile] + lane
                height = rounds + (1 if lane < longer else 0)
                if height == 1 and words.size > 0:
                    for word in range(start >> 3, (stop + 7) >> 3):
                        bits[place] = nonzero_bytes(words[first, word])
                        place += 1
                else:
                    place = pack_run(weights, first, height, lanes, every, start, stop, bits, place)


@njit(cache=True, nogil=True)
def nonzero_bytes(word):
    """One bit per byte of a uint64, the lowest byte first: 1 where the byte is not zero."""
    low = np.uint64(0x7F7F7F7F7F7F7F7F)
    high = np.uint64(0x8080808080808080)
    flags = (((word & low) + low) | word) & high
    return np.uint8(((flags >> np.uint64(7)) * np.uint64(0x0102040810204080)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def pack_run(weights, first, height, lanes, kept, start, stop, bits, place):
    """Mask of one lane's run over the columns ``kept[start:stop]``, from byte ``place``; returns the place after it."""
    value = 0
    filled = 0
    for index in range(start, stop):
        for step in range(height):
            value |= (1 if weights[first + step * lanes, kept[index]] != 0 else 0) << filled
            filled += 1
            if filled == 8:
                bits[place] = value
                place += 1
                value = 0
                filled = 0
    if filled > 0:
        bits[place] = value
        place += 1
    return place
