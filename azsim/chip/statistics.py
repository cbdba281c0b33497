"""What the analytic mode knows of a network: how dense its tiles are, how unlike its lanes, how live its inputs.

::

    weights ──────> density of each tile and block; spread of lanes and runs beyond what chance explains
    activations ──> live columns of each block, of each tile; density of the weights that they meet
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.chip.row_order import balanced_order
from azsim.compress.encoded import Encoded
from azsim.compress.network import CompressedNetwork
from azsim.summary import Summarised


@dataclass(frozen=True, slots=True)
class TileClass:
    """Tiles of one shape.

    Attributes:
        rows, columns: of each.
        tiles: int64, their numbers.
        profile: float64 ``(blocks,)``: density of each block over that of its tile, the mean over these tiles.
    """

    rows: int
    columns: int
    tiles: np.ndarray
    profile: np.ndarray


@dataclass(frozen=True, slots=True)
class Liveness:
    """Which columns have activations that are not zero, over all frames that were recorded.

    Attributes:
        block_sums: float64 ``(blocks + 1,)``: live share of the blocks of all frames, sorted, added up from 0.
        columns: int64 ``(tiles, frames)``: live columns of each tile.
        density: float64 ``(tiles,)``: share of the weights in live columns that are not zero.
    """

    block_sums: np.ndarray
    columns: np.ndarray
    density: np.ndarray

    def levels(self, count: int) -> np.ndarray:
        """Live share of so many typical blocks, float64: means of equal parts of the sorted blocks, well mixed."""
        blocks = self.block_sums.size - 1
        sums = np.interp(np.linspace(0, blocks, count + 1), np.arange(blocks + 1), self.block_sums)
        golden = (np.arange(count) * 0.6180339887498949) % 1.0  # neighbours in time are not neighbours in rank
        return (np.diff(sums) * (count / blocks))[np.argsort(np.argsort(golden))]


@dataclass(frozen=True, slots=True)
class MatrixStatistics:
    """What is known of one matrix.

    Attributes:
        encoded: its bitstream: bytes and decoder loads are exact.
        classes: its tiles by shape.
        density: float64 ``(tiles,)``: share of weights that are not zero.
        lane_spread: standard deviation of the lanes' densities in a tile, less what chance alone would give.
        run_spread: the same of the runs' densities, less what lane and block explain.
        liveness: of its activations, None if they are not known.
    """

    encoded: Encoded
    classes: tuple[TileClass, ...]
    density: np.ndarray
    lane_spread: float
    run_spread: float
    liveness: Liveness | None


@dataclass(frozen=True, eq=False, repr=False)
class Statistics(Summarised):
    """A network as the analytic mode knows it, for chips of one layout and row order.

    Attributes:
        network: what was measured.
        balanced: its rows are dealt to the lanes by their non-zeros.
        matrices: name -> statistics, in the network's order.
    """

    network: CompressedNetwork
    balanced: bool
    matrices: Mapping[str, MatrixStatistics]

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "network": self.network.name,
            "matrices": len(self.matrices),
            "balanced": self.balanced,
        }


def measure(
    network: CompressedNetwork, inputs: Mapping[str, np.ndarray] | None = None, balanced: bool = False
) -> Statistics:
    """Measure a network once, to estimate it many times.

    Args:
        network: its weights, encoded for the layout of the chips to come.
        inputs: matrix -> int8 ``(frames, columns)`` activations, for skip modes that depend on them.
        balanced: rows are dealt to the lanes by their non-zeros (``chip.lanes.row_order``).
    """
    found = {}
    for name, matrix in network.matrices.items():
        weights = network.decoded[name]
        if balanced:
            weights = weights[balanced_order(weights, matrix.encoded.layout)]
        found[name] = _measure(matrix.encoded, weights != 0, (inputs or {}).get(name))
    return Statistics(network, balanced, found)


def _measure(encoded: Encoded, stored: np.ndarray, activations: np.ndarray | None) -> MatrixStatistics:
    tiling, lanes, wide = encoded.tiling, encoded.layout.lanes, encoded.layout.block_columns
    starts = np.arange(0, stored.shape[1], wide)
    widths = np.diff(np.append(starts, stored.shape[1]))
    by_block = np.add.reduceat(stored, starts, axis=1, dtype=np.int64)
    density = np.empty(len(tiling))
    excess = np.zeros((len(tiling), 2))
    profiles = []
    for tile, (row, rows, column, columns) in enumerate(
        zip(tiling.row, tiling.rows, tiling.column, tiling.columns, strict=True)
    ):
        own = slice(column // wide, -(-(column + columns) // wide))
        part = by_block[row : row + rows, own]
        runs = np.pad(part, ((0, -rows % lanes), (0, 0))).reshape(-1, lanes, part.shape[1]).sum(axis=0)[:rows]
        positions = np.bincount(np.arange(rows) % lanes)[:, None] * widths[own]
        density[tile] = runs.sum() / positions.sum()
        excess[tile] = _excess(runs, positions, density[tile])
        profiles.append(runs.sum(axis=0) / positions.sum(axis=0) / max(density[tile], 1e-9))
    shapes, kind = np.unique(np.stack([tiling.rows, tiling.columns], 1), axis=0, return_inverse=True)
    classes = []
    for index, (rows, columns) in enumerate(shapes.tolist()):
        tiles = np.flatnonzero(kind.ravel() == index)
        classes.append(TileClass(rows, columns, tiles, np.mean([profiles[tile] for tile in tiles], axis=0)))
    spreads = np.sqrt(np.maximum(0.0, excess.mean(axis=0)))
    liveness = None if activations is None else _liveness(encoded, stored, activations)
    return MatrixStatistics(encoded, tuple(classes), density, float(spreads[0]), float(spreads[1]), liveness)


def _excess(runs: np.ndarray, positions: np.ndarray, density: float) -> tuple[float, float]:
    """Variance of the lanes' densities, and of the runs' within lane and block, that chance does not explain.

    Args:
        runs, positions: ``(lanes, blocks)``: weights that are not zero, and weights.
        density: of the tile.
    """
    lanes, blocks = runs.shape
    if lanes < 2:
        return 0.0, 0.0
    chance = density * (1.0 - density)
    by_lane = runs.sum(axis=1) / positions.sum(axis=1)
    lane = float(np.var(by_lane, ddof=1) - np.mean(chance / positions.sum(axis=1)))
    if blocks < 2:
        return lane, 0.0
    by_block = runs.sum(axis=0) / positions.sum(axis=0)
    rest = runs / positions - by_lane[:, None] - by_block + density
    return lane, float(np.sum(rest**2) / ((lanes - 1) * (blocks - 1)) - np.mean(chance / positions))


def _liveness(encoded: Encoded, stored: np.ndarray, activations: np.ndarray) -> Liveness:
    tiling, wide = encoded.tiling, encoded.layout.block_columns
    row_starts, band = np.unique(tiling.row, return_inverse=True)
    column_starts, span = np.unique(tiling.column, return_inverse=True)
    block_starts = np.arange(0, stored.shape[1], wide)
    live = activations != 0
    widths = np.diff(np.append(block_starts, live.shape[1]))
    shares = np.sort((np.add.reduceat(live, block_starts, axis=1, dtype=np.int64) / widths).ravel())
    columns = np.add.reduceat(live, column_starts, axis=1, dtype=np.int64).T[span]
    heights = np.add.reduceat(stored, row_starts, axis=0, dtype=np.int64)  # not zero, by band of tiles and column
    rate = live.mean(axis=0)
    met = np.add.reduceat(heights * rate, column_starts, axis=1)[band, span]
    seen = np.add.reduceat(rate, column_starts)[span] * tiling.rows
    density = np.divide(met, seen, out=np.zeros(len(tiling)), where=seen > 0)
    return Liveness(np.concatenate([[0.0], np.cumsum(shares)]), columns, density)
