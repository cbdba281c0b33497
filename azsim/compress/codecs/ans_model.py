"""What `ans` knows of a matrix: a level for each row and each column, and one table for each sum of the two.

::

    level of the row + level of the column = class ──> table

Rows (output units) and columns (inputs) of trained weights differ in scale; one adder in front of the decoder's tables
lets the code follow. **Source:** this project; measured by ``experiments/codec_frontier``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from azsim.compiled import njit
from azsim.compress.codecs.ans_tables import LOG_STATES, Tables, normalise
from azsim.compress.codecs.places import StreamPositions
from azsim.errors import CodecError

MAX_CLASSES = 8
MAX_ENTRIES = 1 << 14
MAX_MAP_BYTES = 1 << 15


@njit(cache=True, nogil=True)
def _magnitudes(matrix, of_row, of_column):
    for row in range(matrix.shape[0]):
        total = np.int64(0)
        for column in range(matrix.shape[1]):
            size = abs(np.int64(matrix[row, column]))
            total += size
            of_column[column] += size
        of_row[row] = total


@njit(cache=True, nogil=True)
def _count(matrix, rows, columns, counts):
    """``counts[row level, column level, value]`` of an uint8 matrix."""
    for row in range(matrix.shape[0]):
        own = counts[rows[row]]
        for column in range(matrix.shape[1]):
            own[columns[column], matrix[row, column]] += 1


@dataclass(frozen=True)
class AnsModel:
    """Levels and tables of one matrix.

    Attributes:
        rows, columns: uint8, the level of each row and column, or empty if they are all 0.
        tables: one per class.
    """

    rows: np.ndarray
    columns: np.ndarray
    tables: Tables

    def classes(self, places: StreamPositions) -> np.ndarray | None:
        """The class of each position, uint8, in stream order; None if there is only one.

        Raises `CodecError` if the levels are too few for these places.
        """
        if len(self.tables.shares) == 1:
            return None
        tiling = places.tiling
        bottom, right = int((tiling.row + tiling.rows).max()), int((tiling.column + tiling.columns).max())
        levels = [np.zeros(n, np.uint8) if not own.size else own[:n]
                  for own, n in ((self.rows, bottom), (self.columns, right))]  # fmt: skip
        if levels[0].size < bottom or levels[1].size < right:
            raise CodecError(f"levels of {levels[0].size} rows and {levels[1].size} columns, not {bottom} and {right}")
        return places.gather(levels[0][:, None] + levels[1])

    @cached_property
    def encoder_tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`Tables.encoder`."""
        return self.tables.encoder()

    @cached_property
    def decoder_entries(self) -> np.ndarray:
        """`Tables.decoder`."""
        return self.tables.decoder()


def fit(matrix: np.ndarray) -> tuple[AnsModel, float]:
    """The model that holds an int8 matrix in the fewest bits, and about how many these are (tables not counted)."""
    of_row, of_column = np.zeros(matrix.shape[0], np.int64), np.zeros(matrix.shape[1], np.int64)
    matrix = np.require(matrix, requirements=["C", "W"])
    _magnitudes(matrix, of_row, of_column)
    rows, columns = _levels(of_row / matrix.shape[1], of_column / matrix.shape[0])
    counts = np.zeros((MAX_CLASSES, MAX_CLASSES, 256), dtype=np.int64)
    _count(matrix.view(np.uint8), rows, columns, counts)
    values = np.count_nonzero(counts.any(axis=(0, 1)))
    best: tuple[float, tuple[int, int]] | None = None
    for row_shift, column_shift in ((3, 3), (0, 3), (1, 3), (2, 3), (3, 0), (3, 1), (0, 0), (1, 1), (2, 2)):
        summed = _merge(counts, row_shift, column_shift)
        size = _entropy_bits(summed) + 4.0 * values * len(summed)
        size += matrix.shape[0] * _width(rows >> row_shift) + matrix.shape[1] * _width(columns >> column_shift)
        small = (matrix.shape[0] + matrix.shape[1]) * 3 <= 8 * MAX_MAP_BYTES
        if best is None or (small and size < best[0]):
            best = size, (row_shift, column_shift)
    row_shift, column_shift = best[1]
    tables, bits = _fit_tables(_merge(counts, row_shift, column_shift), matrix.size)
    rows, columns = rows >> row_shift, columns >> column_shift
    return AnsModel(rows if rows.any() else rows[:0], columns if columns.any() else columns[:0], tables), bits


def _levels(of_row: np.ndarray, of_column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithmic levels of rows and columns, in equal steps, that add up to less than `MAX_CLASSES`."""
    logs = [np.log2(np.maximum(own, 1e-3)) for own in (of_row, of_column)]
    ends = [np.quantile(own, (0.02, 0.98)) for own in logs]
    step = max(1e-9, sum(high - low for low, high in ends) / (MAX_CLASSES - 1))
    levels = [np.clip(np.rint((own - low) / step), 0, np.floor((high - low) / step)) for own, (low, high) in
              zip(logs, ends)]  # fmt: skip
    return levels[0].astype(np.uint8), levels[1].astype(np.uint8)


def _merge(counts: np.ndarray, row_shift: int, column_shift: int) -> np.ndarray:
    """Counts by class, int64 ``(classes, 256)``; there may be classes that never occur."""
    merged = np.zeros((2 * MAX_CLASSES, 256), dtype=np.int64)
    level = np.arange(MAX_CLASSES)
    np.add.at(merged, (level >> row_shift)[:, None] + (level >> column_shift), counts)
    return merged[: np.flatnonzero(merged.any(axis=1))[-1] + 1]


def _entropy_bits(counts: np.ndarray) -> float:
    totals = counts.sum(axis=1, keepdims=True)
    return float((counts * np.log2(np.maximum(totals, 1) / np.maximum(counts, 1))).sum())


def _width(levels: np.ndarray) -> int:
    return int(levels.max()).bit_length()


def _fit_tables(counts: np.ndarray, positions: int) -> tuple[Tables, float]:
    """The number of states that costs the fewest bits, tables counted; the bits are without them."""
    most = min(LOG_STATES[1], (MAX_ENTRIES // len(counts)).bit_length() - 1)
    known = np.where(counts.any(axis=1, keepdims=True), counts, counts.sum(axis=0))  # any shares will do for the others
    least = max(LOG_STATES[0], int(np.count_nonzero(known, axis=1).max() - 1).bit_length())
    best: tuple[float, float, Tables] | None = None
    for log_states in range(most, least - 1, -1):
        shares = np.array([normalise(own, log_states) for own in known])
        bits = float((counts * (log_states - np.log2(np.maximum(shares, 1)))).sum()) + log_states * positions / 4096
        size = bits + 0.5 * log_states * np.count_nonzero(shares)
        if best is None or size < best[0]:
            best = size, bits, Tables(log_states, shares)
        elif size > 1.01 * best[0]:
            break
    return best[2], best[1]
