"""Both kernels, called directly: each other's equal, closed forms, and the queue's recurrence in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.chip import lanes
from azsim.chip.lane_kernels import CSC_RUN, CYCLES, LANE_MAX, LANE_SUM, POSITIONS, PRODUCTS, step_by_position
from azsim.chip.lanes import lane_cost
from azsim.compress.layout import TileLayout, Tiling, cut
from azsim.devices.chip_spec import LanesSpec


def by_position(
    weights: np.ndarray,
    tiling: Tiling,
    spec: LanesSpec,
    activations: np.ndarray | None = None,
) -> np.ndarray:
    """``counts`` of the kernel that takes one position at a time."""
    vectors = np.ones((1, weights.shape[1]), np.int8) if activations is None else activations
    counts = np.zeros((len(vectors), len(tiling), 5), np.int64)
    mode = (spec.skip in ("weights", "both"), spec.skip in ("activations", "both"), spec.skip_zero_columns)
    rule = (
        spec.lanes, spec.multipliers_per_lane, spec.window_positions, spec.block_columns, spec.queue_blocks,
        spec.broadcast_cycles, spec.min_block_cycles,
    )  # fmt: skip
    room = [np.zeros(size, np.int64) for size in (spec.lanes, spec.lanes, spec.queue_blocks, weights.shape[1])]
    place = (tiling.row, tiling.rows, tiling.column, tiling.columns)
    step_by_position(weights, place, vectors, mode, spec.store == "csc", rule, tuple(room), counts)
    return counts


def lanes_of(**changes: int | str | bool) -> LanesSpec:
    usual = {"lanes": 4, "multipliers_per_lane": 2, "window_positions": 4, "block_columns": 8, "queue_blocks": 2}
    usual |= {"broadcast_cycles": 1, "min_block_cycles": 1, "skip": "weights", "skip_zero_columns": False}
    return LanesSpec(**{**usual, "store": "dense", **changes})


def sparse(rng: np.random.Generator, shape: tuple[int, ...], density: float) -> np.ndarray:
    return (rng.choice([-128, -1, 1, 127], shape) * (rng.random(shape) < density)).astype(np.int8)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 30))
def test_look_ups_and_single_positions_count_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    multipliers = int(rng.integers(1, 4))
    spec = lanes_of(
        lanes=int(rng.integers(1, 7)),
        multipliers_per_lane=multipliers,
        window_positions=multipliers + int(rng.integers(0, 4)),
        block_columns=int(rng.choice([1, 4, 8, 16])),  # with 4, 2, 1 rows a lane: runs of 16, one look-up each
        queue_blocks=int(rng.integers(1, 4)),
        broadcast_cycles=int(rng.integers(0, 3)),
        min_block_cycles=int(rng.integers(0, 3)),
        skip=str(rng.choice(["none", "weights", "activations", "both"])),
        skip_zero_columns=bool(rng.integers(0, 2)),
    )
    rounds = int(rng.choice([1, 2, 4]))
    shape = spec.lanes * rounds + int(rng.choice([0, 0, 1])), int(rng.choice([16, 32, 37]))
    weights, vectors = sparse(rng, shape, rng.random()), sparse(rng, (2, shape[1]), rng.random())
    tiling = cut(*shape, TileLayout(spec.lanes, spec.block_columns, int(rng.choice([64, 4096]))))
    counts, cost = by_position(weights, tiling, spec, vectors), lane_cost(weights, tiling, spec, vectors)
    frames = cost.cycles.shape[0]
    assert np.array_equal(cost.cycles, counts[:frames, :, CYCLES])
    assert np.array_equal(cost.products, counts[:frames, :, PRODUCTS])
    assert np.array_equal(cost.positions, counts[:frames, :, POSITIONS])
    assert np.array_equal(cost.split, lanes._cost(counts[:frames], spec).split)


@given(gaps=st.lists(st.integers(0, 70), min_size=1, max_size=8), trailing=st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_csc_pads_every_sixteenth_zero_before_an_entry_and_none_behind_the_last(gaps: list[int], trailing: int) -> None:
    column = [value for gap in gaps for value in [0] * gap + [3]] + [0] * trailing
    weights = np.array(column, np.int8)[:, None]
    spec = lanes_of(lanes=1, multipliers_per_lane=1, window_positions=1, store="csc", skip="none")
    tiling = cut(*weights.shape, TileLayout(lanes=1, tile_positions=4096))
    stored = len(gaps) + sum(gap // CSC_RUN for gap in gaps)
    (count,) = by_position(weights, tiling, spec)[0]
    assert count.tolist() == [1 + stored, stored, stored, stored, stored]  # the broadcast comes first


def test_padding_is_multiplied_even_where_the_activation_is_zero() -> None:
    weights = np.zeros((40, 1), np.int8)
    weights[35] = 1
    spec = lanes_of(lanes=1, store="csc", skip="activations")
    tiling = cut(40, 1, TileLayout(lanes=1))
    for value, products in ((0, 2), (1, 3)):
        counts = by_position(weights, tiling, spec, np.full((1, 1), value, np.int8))
        assert counts[0, 0, POSITIONS] == 3
        assert counts[0, 0, PRODUCTS] == products


@pytest.mark.parametrize("queue", [1, 2, 5])
@pytest.mark.parametrize("broadcast", [0, 1, 9])
@pytest.mark.parametrize("least", [0, 4])
def test_the_queue_is_its_recurrence(queue: int, broadcast: int, least: int) -> None:
    rng = np.random.default_rng(queue + 10 * broadcast)
    weights = sparse(rng, (6, 40), 0.6)
    weights[:, 8:12] = 0
    spec = lanes_of(
        lanes=3, multipliers_per_lane=1, window_positions=1000, block_columns=4, queue_blocks=queue,
        broadcast_cycles=broadcast, min_block_cycles=least,
    )  # fmt: skip
    counts = by_position(weights, cut(6, 40, TileLayout(3, 4)), spec)[0, 0]
    work = [[max(1, np.count_nonzero(weights[lane::3, at : at + 4])) for lane in range(3)] for at in range(0, 40, 4)]
    ends: list[list[int]] = []
    issue = 0
    for k, block in enumerate(work):
        issue = max(issue + broadcast, max(ends[k - queue]) if k >= queue else 0)
        before = ends[-1] if ends else [0, 0, 0]
        ends.append([max(before[lane], issue) + max(least, block[lane]) for lane in range(3)])
    sums = np.sum(work, axis=0)
    assert counts[CYCLES] == max(ends[-1])
    assert (counts[LANE_SUM], counts[LANE_MAX]) == (sums.sum(), sums.max())


def test_columns_that_are_dropped_cost_nothing_and_close_the_ranks() -> None:
    rng = np.random.default_rng(8)
    weights, alive = sparse(rng, (9, 50), 0.5), rng.random(50) < 0.4
    vectors = np.where(alive, 1, 0).astype(np.int8)[None]
    spec = lanes_of(skip_zero_columns=True)
    whole = by_position(weights, cut(9, 50, TileLayout(4, 8)), spec, vectors)
    left = np.ascontiguousarray(weights[:, alive])
    alone = by_position(left, cut(*left.shape, TileLayout(4, 8)), spec, np.ones((1, left.shape[1]), np.int8))
    assert np.array_equal(whole, alone)
    nothing = by_position(weights, cut(9, 50, TileLayout(4, 8)), spec, np.zeros((1, 50), np.int8))
    assert not nothing.any()
