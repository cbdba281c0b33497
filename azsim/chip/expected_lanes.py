"""Expected lane time of every tile of a matrix, from its statistics: no mask is read.

::

    statistics ──> densities of a tile's lanes ──┐
                   live columns of its blocks ───┴─> distribution of a run ──> expected ends of the blocks ──> cycles
"""

from __future__ import annotations

import numpy as np

from azsim.chip.expected_tile import CHANCES, NODES, PLAYED_BLOCKS, Densities, expected_ends
from azsim.chip.lanes import LaneCost
from azsim.chip.run_lengths import DENSITIES, csc_run_lengths, dense_run_lengths, too_long
from azsim.chip.statistics import MatrixStatistics, TileClass
from azsim.devices.chip_spec import LanesSpec
from azsim.errors import InputError

_ALIKE = 0.003
"""Densities that differ less count as one."""
_LEAST_RUN = 1e-9


def expected_lanes(known: MatrixStatistics, spec: LanesSpec) -> LaneCost:
    """Expected lane time, the mean over the frames that were recorded.

    Args:
        known: the matrix.
        spec: the lanes as this matrix finds them (`azsim.chip.subword.lanes_for`).

    Returns:
        One frame; the cycles are not split into causes (``split`` puts all under lanes). Products and positions are
        the exact means for a dense store.

    Raises:
        InputError: the skip mode asks for activations that were not measured, or the lanes cannot be estimated.
    """
    by_activation = spec.skip in ("activations", "both")
    live = known.liveness
    if by_activation and live is None:
        raise InputError(f"chip.lanes.skip = {spec.skip!r}: measure the network with the activations of each step")
    drop = spec.skip_zero_columns and live is not None
    if spec.store == "csc" and by_activation and not drop:
        raise InputError(
            f"chip.lanes.store = 'csc' with skip = {spec.skip!r}: estimated only with skip_zero_columns = true"
        )
    stored = live.density if live is not None and (by_activation or drop) else known.density
    weighed = spec.store == "csc" or spec.skip in ("weights", "both")
    density = stored if weighed else np.ones(stored.size)
    positions = known.encoded.tiling.positions.astype(np.float64)
    alive = live.columns.mean(axis=1) / known.encoded.tiling.columns if live is not None else np.ones(stored.size)
    taken = positions * alive if drop else positions
    products = positions * density * (alive if by_activation or drop else 1.0)
    cycles = np.empty(stored.size)
    for group in known.classes:
        at, mean = group.tiles, float(density[group.tiles].mean())
        cycles[at] = _tiles(known, group, spec, density[at], weighed, drop, by_activation and not drop)
        if spec.store == "csc":
            entries = sum(count * _entries(height, group, spec, mean) for height, count in _heights(group, spec))
            taken[at] = products[at] = entries * alive[at]
    whole = _rounded(cycles)
    split = np.zeros((1, whole.size, 4), np.int64)
    split[0, :, 0] = whole
    return LaneCost(whole[None], split, _rounded(taken)[None], _rounded(products)[None])


def _tiles(
    known: MatrixStatistics,
    group: TileClass,
    spec: LanesSpec,
    density: np.ndarray,
    weighed: bool,
    drop: bool,
    thinned: bool,
) -> np.ndarray:
    """Expected cycles of the tiles of one shape: those of their mean density, scaled as a run's mean."""
    wide = min(spec.block_columns, group.columns)
    blocks, rest = divmod(group.columns, wide)
    heights = _heights(group, spec)
    if thinned and not weighed:
        heights = [(heights[0][0], 1)]  # lanes with as many rows do the same; those with a row more come last
    mean = float(density.mean())
    spread = known.lane_spread if weighed else 0.0
    densities = np.clip(mean + NODES * spread, 0.0, 1.0) if spread >= _ALIKE else np.array([mean])
    chances = CHANCES if spread >= _ALIKE else np.ones(1)
    rule = (spec.queue_blocks, spec.broadcast_cycles, spec.min_block_cycles)
    counts = np.array([count for _, count in heights], np.int64)
    played = min(blocks, PLAYED_BLOCKS)
    live = known.liveness.levels(played) * wide if thinned else np.zeros(played)
    distributions = _laws(heights, wide, spec, thinned)
    profile = group.profile[:played] if weighed else np.ones(played)
    wobble = known.run_spread if weighed and known.run_spread >= _ALIKE else 0.0
    ends = expected_ends(distributions, counts, Densities(densities, chances, profile, wobble), live, blocks, rule)
    reached = np.concatenate([[0.0], ends])
    if rest:  # a last block of fewer columns: as much of a whole one's time
        before = reached[-2]
        reached = np.append(reached, reached[-1] + (reached[-1] - before) * rest / wide)
    took = float(reached[-1])
    if drop:
        whole, part = np.divmod(known.liveness.columns[group.tiles].ravel(), wide)
        took = float(np.mean(reached[whole] + np.append(np.diff(reached), 0.0)[whole] * part / wide))
    run = np.interp(np.append(density, mean), DENSITIES, _mean_run(distributions[0], live))
    return took * run[:-1] / max(run[-1], _LEAST_RUN)


def _mean_run(distributions: np.ndarray, live: np.ndarray) -> np.ndarray:
    """Mean cycles of a run by density, over the blocks that are played."""
    means = distributions @ np.arange(distributions.shape[2])
    if len(means) == 1:
        return means[0]
    below = np.minimum(live.astype(np.int64), len(means) - 2)
    part = (live - below)[:, None]
    return np.mean((1 - part) * means[below] + part * means[below + 1], axis=0)


def _heights(group: TileClass, spec: LanesSpec) -> list[tuple[int, int]]:
    """Rows of a lane and how many lanes have as many, the highest first; idle lanes are left out."""
    rounds, longer = divmod(group.rows, spec.lanes)
    found = [(rounds + 1, longer), (rounds, spec.lanes - longer)]
    return [(height, count) for height, count in found if height and count]


def _laws(heights: list[tuple[int, int]], columns: int, spec: LanesSpec, thinned: bool) -> np.ndarray:
    """Distributions of the groups of lanes, one array."""
    distributions = []
    for height, _ in heights:
        if spec.store == "csc":
            distributions.append(csc_run_lengths(height, columns, spec.multipliers_per_lane)[0])
            continue
        shape = (height, columns, spec.multipliers_per_lane, spec.window_positions, thinned)
        if too_long(*shape):
            raise InputError(
                f"chip.lanes.window_positions = {spec.window_positions}: too wide to estimate for runs of "
                f"{height * columns} positions; simulate it"
            )
        distributions.append(dense_run_lengths(*shape))
    size = max(distribution.shape[2] for distribution in distributions)
    if len(distributions) == 1:
        return distributions[0][None]
    return np.stack(
        [np.pad(distribution, ((0, 0), (0, 0), (0, size - distribution.shape[2]))) for distribution in distributions]
    )


def _entries(height: int, group: TileClass, spec: LanesSpec, density: float) -> float:
    """Entries of a lane in a tile of a csc store, padding included."""
    mean = csc_run_lengths(height, 1, spec.multipliers_per_lane)[1]
    return group.columns * float(np.interp(density, DENSITIES, mean))


def _rounded(values: np.ndarray) -> np.ndarray:
    """Whole numbers whose running sums are as close as can be, int64."""
    sums = np.rint(np.cumsum(values)).astype(np.int64)
    sums[1:] -= sums[:-1].copy()
    return sums
