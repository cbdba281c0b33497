"""The lane kernels against the cycle-by-cycle machine, and the limits between which every chip lies."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.lanes import lane_cost, needs_activations
from azsim.compress.layout import TileLayout, cut
from azsim.devices.loader import load_device
from azsim.devices.spec import LanesSpec
from tests.chip.machine import Rule, run_tile

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
