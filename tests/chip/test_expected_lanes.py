"""Expected lane times: exact in the limits where nothing is left to chance, close to the simulation elsewhere."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.build import tile_layout
from azsim.chip.expected_lanes import expected_lanes
from azsim.chip.lanes import LaneCost, lane_cost
from azsim.compress.layout import TileLayout
from azsim.devices.chip_spec import LanesSpec
from azsim.devices.loader import load_device
from azsim.errors import InputError
from tests.chip.test_statistics import measured

AZ1 = load_device("az1").chip.lanes
CLOSE = 0.03
"""Of the cycles of a matrix, for masks that are random."""


def spec_with(**changes: int | str | bool) -> LanesSpec:
    return msgspec.structs.replace(AZ1, **changes)


def random_mask(rng: np.random.Generator, shape: tuple[int, ...], density: float) -> np.ndarray:
    return (rng.random(shape) < density).astype(np.int8)


def both_ways(weights: np.ndarray, spec: LanesSpec, activations: np.ndarray | None = None) -> tuple[LaneCost, LaneCost]:
    known = measured(weights, activations, TileLayout(spec.lanes, spec.block_columns))
    return expected_lanes(known, spec), lane_cost(weights, known.encoded.tiling, spec, activations)


@pytest.mark.parametrize("changes", [{"window_positions": 2}, {"skip": "none"}, {"queue_blocks": 5}])
@pytest.mark.parametrize("density", [0.0, 1.0])
def test_without_chance_it_is_exact(changes: dict[str, int | str], density: float) -> None:
    weights = np.full((208, 312), density, np.int8)  # tiles of several shapes, lanes of two heights
    weights[:, 300:] = density
    found, exact = both_ways(weights, spec_with(**changes))
    assert np.array_equal(found.positions, exact.positions)
    assert np.array_equal(found.products, exact.products)
    whole = exact.cycles[0, 0]
    assert found.cycles[0, 0] == whole
    assert found.cycles.sum() == pytest.approx(exact.cycles.sum(), rel=0.01)  # the last block of a tile may be short


def test_a_window_as_narrow_as_the_multipliers_is_exact_whatever_the_mask() -> None:
    rng = np.random.default_rng(1)
    found, exact = both_ways(random_mask(rng, (256, 256), 0.4), spec_with(window_positions=2))
    assert np.array_equal(found.cycles, exact.cycles)


def test_one_lane_with_an_endless_window_takes_the_effectual_count() -> None:
    rng = np.random.default_rng(2)
    ideal = spec_with(lanes=1, multipliers_per_lane=1, window_positions=10**6, broadcast_cycles=0, min_block_cycles=0)
    weights = random_mask(rng, (96, 48), 0.6)
    known = measured(weights, layout=TileLayout(lanes=1, tile_positions=8 * 48))
    assert known.encoded.tiling.rows[0] == 8
    assert expected_lanes(known, ideal).cycles.sum() == pytest.approx(np.count_nonzero(weights), abs=1)


@pytest.mark.parametrize("lanes", [4, 32])
@pytest.mark.parametrize("queue", [1, 2, 4])
@pytest.mark.parametrize(("multipliers", "window"), [(1, 3), (2, 4), (2, 16), (1, 1000)])
def test_random_weights_are_close(lanes: int, queue: int, multipliers: int, window: int) -> None:
    rng = np.random.default_rng(lanes + queue)
    changes = {"multipliers_per_lane": multipliers, "window_positions": window, "lanes": lanes, "queue_blocks": queue}
    for density in (0.2, 0.5):
        found, exact = both_ways(random_mask(rng, (512, 256), density), spec_with(**changes))
        assert found.cycles.sum() == pytest.approx(exact.cycles.sum(), rel=CLOSE)
        assert found.products.sum() == exact.products.sum()


@pytest.mark.parametrize("skip", ["none", "weights", "activations", "both"])
@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("queue", [1, 3])
def test_random_weights_and_activations_are_close(skip: str, drop: bool, queue: int) -> None:
    rng = np.random.default_rng(6)
    weights, vectors = random_mask(rng, (512, 256), 0.5), random_mask(rng, (6, 256), 0.6)
    found, exact = both_ways(weights, spec_with(skip=skip, skip_zero_columns=drop, queue_blocks=queue), vectors)
    assert found.cycles.sum() == pytest.approx(exact.cycles.mean(axis=0).sum(), rel=CLOSE)
    assert found.products.sum() == pytest.approx(exact.products.mean(axis=0).sum(), abs=len(exact.cycles[0]))
    assert found.positions.sum() == pytest.approx(exact.positions.mean(axis=0).sum(), abs=len(exact.cycles[0]))


def test_unlike_rows_and_runs_are_close() -> None:
    rng = np.random.default_rng(7)
    share = rng.uniform(0.2, 0.6, (1024, 1)) + np.repeat(rng.uniform(-0.15, 0.15, (1024, 16)), 16, axis=1)
    for queue in (1, 2, 4):
        found, exact = both_ways((rng.random((1024, 256)) < share).astype(np.int8), spec_with(queue_blocks=queue))
        assert found.cycles.sum() == pytest.approx(exact.cycles.sum(), rel=CLOSE)


def test_eie_is_close() -> None:
    rng = np.random.default_rng(8)
    chip = load_device("eie").chip
    weights, vector = random_mask(rng, (1024, 512), 0.1), random_mask(rng, (3, 512), 0.4)
    known = measured(weights, vector, tile_layout(chip))
    exact = lane_cost(weights, known.encoded.tiling, chip.lanes, vector)
    found = expected_lanes(known, chip.lanes)
    assert found.cycles.sum() == pytest.approx(exact.cycles.mean(axis=0).sum(), rel=CLOSE)
    assert found.positions.sum() == pytest.approx(exact.positions.mean(axis=0).sum(), rel=CLOSE)


def test_a_wider_window_and_fewer_weights_never_take_longer() -> None:
    rng = np.random.default_rng(9)
    known = measured(random_mask(rng, (256, 256), 0.5))
    cycles = [int(expected_lanes(known, spec_with(window_positions=wide)).cycles.sum()) for wide in (2, 3, 4, 8, 32)]
    assert cycles == sorted(cycles, reverse=True)
    sparser = [measured(random_mask(rng, (256, 256), density)) for density in (0.2, 0.4, 0.6, 0.8)]
    cycles = [int(expected_lanes(each, AZ1).cycles.sum()) for each in sparser]
    assert cycles == sorted(cycles)


def test_what_cannot_be_estimated_is_refused() -> None:
    known = measured(np.ones((64, 64), np.int8))
    with pytest.raises(InputError, match="measure the network with the activations"):
        expected_lanes(known, spec_with(skip="both"))
    live = measured(np.ones((64, 64), np.int8), np.ones((2, 64), np.int8))
    with pytest.raises(InputError, match="only with skip_zero_columns"):
        expected_lanes(live, spec_with(skip="both", store="csc"))
    one = measured(np.ones((512, 64), np.int8), layout=TileLayout(lanes=1))
    with pytest.raises(InputError, match="too wide to estimate"):
        expected_lanes(one, spec_with(lanes=1, window_positions=2000))
