"""What must hold for the lane rule on any weights: no chip beats its roofs, and skipping beats no density."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.chip.lanes import lane_cost
from azsim.compress.layout import TileLayout, cut
from azsim.devices.chip_spec import LanesSpec
from azsim.devices.loader import load_device

AZ1 = load_device("az1").chip.lanes


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, LanesSpec]:
    multipliers = draw(st.integers(1, 4))
    spec = msgspec.structs.replace(
        AZ1,
        lanes=draw(st.integers(1, 40)),
        multipliers_per_lane=multipliers,
        window_positions=multipliers + draw(st.integers(0, 12)),
        block_columns=draw(st.integers(1, 20)),
        queue_blocks=draw(st.integers(1, 6)),
        broadcast_cycles=draw(st.integers(0, 3)),
        min_block_cycles=draw(st.integers(0, 3)),
        skip=draw(st.sampled_from(["none", "weights", "activations", "both"])),
        skip_zero_columns=draw(st.booleans()),
        store=draw(st.sampled_from(["dense", "dense", "csc"])),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (draw(st.integers(1, 90)), draw(st.integers(1, 70)))
    weights = (rng.integers(-128, 128, shape) * (rng.random(shape) < draw(st.floats(0, 1)))).astype(np.int8)
    alive = rng.random((2, shape[1])) < draw(st.floats(0, 1))
    vectors = (rng.integers(-128, 128, (2, shape[1])) * alive).astype(np.int8)
    return weights, vectors, spec


def tiling_of(weights: np.ndarray, spec: LanesSpec):
    return cut(*weights.shape, TileLayout(spec.lanes, spec.block_columns, 2048))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cases())
def test_cycles_stay_above_every_roof(case) -> None:
    weights, vectors, spec = case
    cost = lane_cost(weights, tiling_of(weights, spec), spec, vectors)
    per_cycle = spec.lanes * spec.multipliers_per_lane
    assert (cost.cycles * per_cycle >= cost.products).all()
    assert (cost.cycles * spec.lanes * spec.window_positions >= cost.positions).all()
    assert (cost.split >= 0).all()
    assert np.array_equal(cost.split.sum(axis=-1), cost.cycles)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(cases())
def test_a_wider_window_a_deeper_queue_or_a_faster_broadcast_never_hurts(case) -> None:
    weights, vectors, spec = case
    tiling = tiling_of(weights, spec)
    cycles = lane_cost(weights, tiling, spec, vectors).cycles
    for change in (
        {"window_positions": spec.window_positions + 3},
        {"queue_blocks": spec.queue_blocks + 1},
        {"broadcast_cycles": max(0, spec.broadcast_cycles - 1)},
        {"min_block_cycles": max(0, spec.min_block_cycles - 1)},
    ):
        better = msgspec.structs.replace(spec, **change)
        assert (lane_cost(weights, tiling, better, vectors).cycles <= cycles).all(), change


@pytest.mark.parametrize("density", [0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("window", [2, 3, 4, 16])
def test_skipping_never_gains_more_than_the_density_allows(density: float, window: int) -> None:
    rng = np.random.default_rng(int(100 * density))
    spec = msgspec.structs.replace(AZ1, window_positions=window, broadcast_cycles=0, min_block_cycles=0)
    weights = (rng.random((128, 96)) < density).astype(np.int8)
    tiling = tiling_of(weights, spec)
    dense = lane_cost(weights, tiling, msgspec.structs.replace(spec, skip="none"))
    cost = lane_cost(weights, tiling, spec)
    assert dense.cycles.sum() == weights.size // (spec.lanes * spec.multipliers_per_lane)
    gain = dense.cycles.sum() / cost.cycles.sum()
    assert 1 <= gain <= min(weights.size / np.count_nonzero(weights), window / spec.multipliers_per_lane)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(cases())
def test_a_window_as_narrow_as_the_multipliers_gains_nothing_in_any_mode(case) -> None:
    weights, vectors, spec = case
    change = {"window_positions": spec.multipliers_per_lane, "skip_zero_columns": False, "store": "dense"}
    narrow = msgspec.structs.replace(spec, **change)
    tiling = tiling_of(weights, spec)
    dense = lane_cost(weights, tiling, msgspec.structs.replace(narrow, skip="none"), vectors)
    found = lane_cost(weights, tiling, narrow, vectors)
    assert (found.cycles == dense.cycles).all()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 60), st.integers(1, 20), st.floats(0, 1), st.booleans()
)
def test_an_ideal_lane_takes_exactly_the_effectual_count(
    seed: int, rows: int, columns: int, block: int, density: float, both: bool
) -> None:
    rng = np.random.default_rng(seed)
    weights = (rng.random((rows, columns)) < density).astype(np.int8)
    vectors = np.ones((1, columns), np.int8)
    if both:
        vectors = (rng.random((1, columns)) < 0.7).astype(np.int8)
    first = np.arange(0, columns, block)
    weights[0, first], vectors[0, first] = 1, 1  # no block is empty
    spec = msgspec.structs.replace(
        AZ1,
        lanes=1,
        multipliers_per_lane=1,
        window_positions=65_535,
        block_columns=block,
        broadcast_cycles=0,
        min_block_cycles=0,
        skip="both" if both else "weights",
    )
    cost = lane_cost(weights, cut(rows, columns, TileLayout(1, block, 1 << 20)), spec, vectors)
    effectual = np.count_nonzero(weights * vectors)
    assert cost.cycles.tolist() == cost.products.tolist() == [[effectual]]
