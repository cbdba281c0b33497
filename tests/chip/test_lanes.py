"""The lane kernels against the cycle-by-cycle machine, and the limits between which every chip lies."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.lanes import lane_cost, needs_activations
from azsim.chip.masks import pack_masks
from azsim.compress.layout import TileLayout, cut
from azsim.devices.chip_spec import LanesSpec
from azsim.devices.loader import load_device
from azsim.errors import InputError
from azsim.reference.lane_machine import Rule, run_tile

AZ1 = load_device("az1").chip.lanes
MODES = ("none", "weights", "activations", "both")


def sparse(rng: np.random.Generator, shape: tuple[int, ...], density: float) -> np.ndarray:
    return (rng.choice([-128, -1, 1, 127], shape) * (rng.random(shape) < density)).astype(np.int8)


def rule_of(spec: LanesSpec) -> Rule:
    return Rule(
        spec.lanes,
        spec.multipliers_per_lane,
        spec.window_positions,
        spec.block_columns,
        spec.queue_blocks,
        spec.broadcast_cycles,
        spec.min_block_cycles,
        spec.skip,
        spec.skip_zero_columns,
        spec.store,
    )


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray, TileLayout, LanesSpec]:
    rng = np.random.default_rng(seed)
    multipliers = int(rng.integers(1, 5))
    spec = LanesSpec(
        lanes=int(rng.integers(1, 9)),
        multipliers_per_lane=multipliers,
        window_positions=multipliers + int(rng.choice([0, 1, 2, 5, 1000])),
        block_columns=int(rng.choice([1, 2, 3, 8, 16])),
        queue_blocks=int(rng.integers(1, 5)),
        broadcast_cycles=int(rng.integers(0, 4)),
        min_block_cycles=int(rng.integers(0, 4)),
        skip=str(rng.choice(MODES)),
        skip_zero_columns=bool(rng.integers(0, 2)),
        store=str(rng.choice(["dense", "dense", "csc"])),
    )
    rows, columns = int(rng.integers(1, 60)), int(rng.integers(1, 40))
    weights = sparse(rng, (rows, columns), float(rng.choice([0, 0.05, 0.3, 0.6, 1])))
    activations = sparse(rng, (int(rng.integers(1, 4)), columns), float(rng.choice([0, 0.3, 0.7, 1])))
    layout = TileLayout(spec.lanes, spec.block_columns, int(rng.choice([64, 300, 16_384])))
    return weights, activations, layout, spec


@pytest.mark.parametrize("chunk", range(10))
def test_every_tile_and_frame_takes_exactly_the_machine_s_cycles(chunk: int) -> None:
    for seed in range(40 * chunk, 40 * chunk + 40):
        weights, activations, layout, spec = random_case(seed)
        tiling = cut(*weights.shape, layout)
        given = activations if needs_activations(spec) and seed % 5 else None
        if given is None and spec.skip in ("activations", "both"):
            spec = msgspec.structs.replace(spec, skip="weights")
        cost = lane_cost(weights, tiling, spec, given)
        frames = given if given is not None else [None]
        assert cost.cycles.shape == (len(frames), len(tiling))
        for frame, vector in enumerate(frames):
            for tile in range(len(tiling)):
                line = slice(tiling.row[tile], tiling.row[tile] + tiling.rows[tile])
                span = slice(tiling.column[tile], tiling.column[tile] + tiling.columns[tile])
                expected = run_tile(weights[line, span], None if vector is None else vector[span], rule_of(spec))
                assert cost.cycles[frame, tile] == expected.cycles, (seed, frame, tile)
                assert cost.positions[frame, tile] == expected.positions
                assert cost.products[frame, tile] == expected.products
                ideal = -(-expected.products // (spec.lanes * spec.multipliers_per_lane))
                windowed = max(ideal, -(-sum(expected.lane_cycles) // spec.lanes))
                slowest = max(expected.lane_cycles)
                split = [ideal, windowed - ideal, slowest - windowed, expected.cycles - slowest]
                assert cost.split[frame, tile].tolist() == split


def one_tile(rng: np.random.Generator, spec: LanesSpec, shape: tuple[int, int], density: float):
    weights = sparse(rng, shape, density)
    layout = TileLayout(spec.lanes, spec.block_columns, shape[0] * shape[1])
    return weights, lane_cost(weights, cut(*shape, layout), spec)


def spec_with(**changes: int | str | bool) -> LanesSpec:
    return msgspec.structs.replace(AZ1, **changes)


def test_a_window_as_narrow_as_the_multipliers_gains_nothing() -> None:
    rng = np.random.default_rng(1)
    skipping, dense = spec_with(window_positions=2), spec_with(window_positions=2, skip="none")
    weights, cost = one_tile(rng, skipping, (64, 128), 0.5)
    reference = lane_cost(weights, cut(64, 128, TileLayout(tile_positions=64 * 128)), dense)
    assert np.array_equal(cost.cycles, reference.cycles)


def test_one_lane_with_an_endless_window_takes_the_effectual_count() -> None:
    rng = np.random.default_rng(2)
    ideal = spec_with(lanes=1, multipliers_per_lane=1, window_positions=10**6, broadcast_cycles=0, min_block_cycles=0)
    for density in (0.2, 0.7, 1.0):
        weights = sparse(rng, (40, 48), density)
        weights[0, ::16] = 1  # no empty block
        cost = lane_cost(weights, cut(40, 48, TileLayout(lanes=1)), ideal)
        assert cost.cycles.sum() == np.count_nonzero(weights)


def test_wide_windows_that_need_no_table_agree_with_narrow_ones_that_do() -> None:
    rng = np.random.default_rng(3)
    weights = sparse(rng, (256, 64), 0.3)
    tiling = cut(256, 64, TileLayout())
    run = 8 * 16  # rows of a lane x columns of a block: a window can hold no more
    by_position = lane_cost(weights, tiling, spec_with(window_positions=run + 50))
    assert np.array_equal(by_position.cycles, lane_cost(weights, tiling, spec_with(window_positions=run)).cycles)


def test_the_split_adds_up_and_every_part_is_a_delay() -> None:
    rng = np.random.default_rng(4)
    for density in (0.0, 0.1, 0.5, 1.0):
        _, cost = one_tile(rng, AZ1, (96, 160), density)
        assert np.array_equal(cost.split.sum(axis=-1), cost.cycles)
        assert (cost.split >= 0).all()


def test_frames_of_a_tile_run_back_to_back() -> None:
    rng = np.random.default_rng(5)
    weights, vectors = sparse(rng, (64, 80), 0.5), sparse(rng, (3, 80), 0.5)
    tiling = cut(64, 80, TileLayout())
    both = lane_cost(weights, tiling, spec_with(skip="both"), vectors)
    assert np.array_equal(both.over_frames(3).cycles[0], both.cycles.sum(axis=0))
    same = lane_cost(weights, tiling, AZ1, vectors)
    assert np.array_equal(same.over_frames(3).cycles, 3 * same.cycles)
    assert np.array_equal(same.over_frames(3).split, 3 * same.split)


def test_masks_packed_before_change_nothing() -> None:
    rng = np.random.default_rng(6)
    weights = sparse(rng, (100, 70), 0.5)
    tiling = cut(100, 70, TileLayout())
    masks = pack_masks(weights, tiling, AZ1.lanes, AZ1.block_columns)
    assert np.array_equal(lane_cost(weights, tiling, AZ1, masks=masks).cycles, lane_cost(weights, tiling, AZ1).cycles)


def test_activations_are_asked_for_when_the_skip_mode_needs_them() -> None:
    weights = np.ones((4, 6), np.int8)
    with pytest.raises(InputError, match="needs the int8 activations"):
        lane_cost(weights, cut(4, 6, TileLayout()), spec_with(skip="both"))
    with pytest.raises(InputError, match=r"\(frames, 6\) would"):
        lane_cost(weights, cut(4, 6, TileLayout()), spec_with(skip="both"), np.ones((2, 5), np.int8))


def test_the_worked_example_of_the_chip_s_page() -> None:
    weights = np.array([[5, 0, 0, 3, 1, 2, 0, 4], [0, 0, 0, 7, 0, 0, 0, 0]], np.int8)
    spec = spec_with(lanes=2, multipliers_per_lane=1, window_positions=2, block_columns=4, queue_blocks=1)
    cost = lane_cost(weights, cut(2, 8, TileLayout(lanes=2, block_columns=4)), spec)
    assert cost.cycles.tolist() == [[6]]
    assert cost.split.tolist() == [[[3, 2, 0, 1]]]
    assert cost.products.tolist() == [[6]]
    assert cost.positions.tolist() == [[16]]
