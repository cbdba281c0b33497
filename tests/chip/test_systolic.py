"""The array's closed forms against a machine that moves operands cell by cell, and its place in the tile pipeline."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.build import build_schedule, build_schedules, tile_layout
from azsim.chip.roofline import binding, ceilings
from azsim.chip.systolic import array_work, systolic_cost, weights_per_cycle
from azsim.compress.layout import TileLayout, cut
from azsim.deploy.matvec import matvec
from azsim.devices.chip_spec import SystolicSpec
from azsim.devices.loader import load_device
from azsim.reference import systolic_machine
from tests.chip.networks import compress_by_hand

DATAFLOWS = ("weight-stationary", "output-stationary", "input-stationary")
DEVICE = load_device("systolic-32")


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_the_closed_form_is_what_the_machine_takes(dataflow: str) -> None:
    rng = np.random.default_rng(7)
    for _ in range(25):
        height, width = (int(size) for size in rng.integers(1, 6, 2))
        rows, inner, frames = (int(size) for size in rng.integers(1, 14, 3))
        weights, activations = rng.integers(-9, 10, (rows, inner)), rng.integers(-9, 10, (inner, frames))
        cycles, product = systolic_machine.run(weights, activations, height, width, dataflow)
        assert np.array_equal(product, weights @ activations)
        work = array_work(rows, inner, frames, SystolicSpec(height, width, dataflow))
        assert work.cycles == cycles, (dataflow, height, width, rows, inner, frames)


@pytest.mark.parametrize("dataflow", DATAFLOWS)
@pytest.mark.parametrize("shape", [(1, 1), (7, 513), (4096, 96), (333, 1216), (65, 40)])
@pytest.mark.parametrize("frames", [1, 3, 40])
def test_tiles_add_up_to_the_closed_form(dataflow: str, shape: tuple[int, int], frames: int) -> None:
    spec = SystolicSpec(rows=32, columns=16, dataflow=dataflow)
    tiling = cut(*shape, TileLayout(lanes=16, block_columns=32, tile_positions=4096))
    cost = systolic_cost(tiling, spec, frames)
    work = array_work(*shape, frames, spec)
    assert cost.cycles.sum() == work.cycles
    assert cost.products.sum() == shape[0] * shape[1] * frames
    assert cost.positions.sum() == work.weight_reads
    assert (cost.split >= 0).all()
    assert np.array_equal(cost.split.sum(axis=-1), cost.cycles)
    assert (cost.cycles * spec.rows * spec.columns >= cost.products).all()
    again = systolic_cost(tiling, spec).over_frames(frames)
    assert np.array_equal(again.cycles, cost.cycles)


def test_a_weight_stationary_tile_takes_its_own_folds() -> None:
    spec = SystolicSpec(rows=32, columns=16, dataflow="weight-stationary")
    tiling = cut(333, 1216, TileLayout(lanes=16, block_columns=32, tile_positions=4096))
    own = [array_work(int(n), int(k), 5, spec).cycles for n, k in zip(tiling.rows, tiling.columns)]
    assert systolic_cost(tiling, spec, 5).cycles[0].tolist() == own


@pytest.mark.parametrize("frames", [1, 8])
def test_a_resident_matrix_takes_the_closed_form_on_a_device(frames: int) -> None:
    rng = np.random.default_rng(frames)
    weights = (rng.integers(-15, 16, (512, 320)) * (rng.random((512, 320)) < 0.2)).astype(np.int8)
    activations = rng.integers(-9, 10, (frames, 320)).astype(np.int8)
    cost = matvec(DEVICE, weights, activations, residency="decoded")
    assert cost.cycles - cost.causes["vector"] == array_work(512, 320, frames, DEVICE.chip.systolic).cycles
    assert cost.effectual_products == weights.size * frames, "zeros are multiplied, too"
    assert sum(cost.causes.values()) == cost.cycles
    assert np.array_equal(cost.output, activations.astype(np.int32) @ weights.T.astype(np.int32))


def test_schedules_of_a_network_do_not_depend_on_zeros(make_network) -> None:
    network = make_network(3, hidden=(96, 96, 96))
    schedules = build_schedules(DEVICE.chip, compress_by_hand(network, DEVICE.chip))
    for name, program in network.programs().items():
        expected = sum(
            array_work(*network.parameters[matrix].shape, 1, DEVICE.chip.systolic).cycles for matrix in program.matrices
        )
        assert schedules[name].lane_cycles.sum() == expected


def test_frames_of_a_run_share_the_folds_of_input_side_matrices(make_network) -> None:
    network = make_network(3, hidden=(96, 96, 96))
    program = network.programs()["encoder.0"]
    schedule = build_schedule(DEVICE.chip, program, compress_by_hand(network, DEVICE.chip), steps=4)
    expected = 0
    for use in (use for stage in program.stages for use in stage.uses):
        shape, array = network.parameters[use.matrix].shape, DEVICE.chip.systolic
        frames = program.frames(4)
        one_by_one = frames * array_work(*shape, 1, array).cycles
        expected += one_by_one if use.role == "recurrent" else array_work(*shape, frames, array).cycles
    assert schedule.lane_cycles.sum() == expected


def test_the_layout_is_the_arrays() -> None:
    chip = msgspec.structs.replace(DEVICE.chip, systolic=SystolicSpec(24, 12, "output-stationary"))
    assert (tile_layout(chip).lanes, tile_layout(chip).block_columns) == (12, 24)


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_rates_are_those_of_a_large_matrix(dataflow: str) -> None:
    spec = SystolicSpec(rows=8, columns=16, dataflow=dataflow)
    for frames in (1, 8, 100):
        work = array_work(160_000, 80_000, frames, spec)
        assert weights_per_cycle(spec, frames) == pytest.approx(160_000 * 80_000 / work.cycles, rel=1e-3)


def test_skipping_gains_nothing_and_the_array_is_a_roof() -> None:
    for frames in (1, 4):
        assert binding(DEVICE.chip, 3.5, 0.5, frames=frames, residency="decoded").skip_gain == 1.0
    roofs = ceilings(DEVICE.chip)
    assert roofs.multipliers_gmacs == roofs.window_gmacs == pytest.approx(1024 * 0.4)
