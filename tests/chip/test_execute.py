"""Executing a program moves the bytes, does the products and waits where its instructions say so."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.attribution import attribute
from azsim.chip.build import build_invocations, build_schedule, build_schedules
from azsim.chip.execute import execute
from azsim.chip.instructions import Code, Fetch, Load, Matvec, Store, Sync, Vector
from azsim.chip.lane_cache import lane_cost_of
from azsim.chip.pipeline import FINISHED, run_pipeline
from azsim.chip.schedule import CpuWork, Sections
from azsim.compress.network import CompressedNetwork
from azsim.devices.loader import load_device
from azsim.errors import InputError
from tests.chip.networks import compress_by_hand
from tests.chip.test_compile import NO_TANH

AZ1 = load_device("az1").chip
BOTH = msgspec.structs.replace(AZ1, lanes=msgspec.structs.replace(AZ1.lanes, skip="both"))
MATRIX = "encoder.1.input"


@pytest.fixture(scope="module")
def small(make_network) -> CompressedNetwork:
    return compress_by_hand(make_network(3, hidden=(128, 128, 128)), AZ1)


def run(small: CompressedNetwork, *steps):
    costs = {MATRIX: lane_cost_of(small, MATRIX, AZ1.lanes)}
    return execute(AZ1, Code("made up", steps), small, costs)


def product(first: int, tiles: int, decode: bool = True, frames: int = 1) -> Matvec:
    return Matvec(MATRIX, first, tiles, 5, 8, decode, 0, frames)


def test_ranges_of_tiles_do_what_the_whole_does_but_for_its_tables(small: CompressedNetwork) -> None:
    encoded = small.matrices[MATRIX].encoded
    tiles = len(encoded.tiling)
    assert tiles >= 4
    whole = run(small, Load(MATRIX, 0, tiles), product(0, tiles))
    parts = run(small, Load(MATRIX, 0, 3), product(0, 3), Load(MATRIX, 3, tiles - 3), product(3, tiles - 3))
    assert whole.fetch_bytes.sum() == len(encoded.data)
    assert parts.fetch_bytes.sum() == len(encoded.data) + encoded.table_bytes
    assert np.array_equal(whole.lane_cycles, parts.lane_cycles)
    assert np.array_equal(whole.decode_cycles, parts.decode_cycles)


def test_only_a_sync_makes_products_wait_and_vector_work_ends_it(small: CompressedNetwork) -> None:
    vector = Vector("sigmoid", 160)
    schedule = run(small, product(0, 1), vector, Vector("tanh", 1), product(1, 1), Sync(), product(2, 1), vector)
    assert schedule.depends_on.tolist() == [-1, -1, 0]
    assert schedule.vector_ops.tolist() == [161, 0, 160]
    assert schedule.vector_cycles.tolist() == [16 + 33, 0, 16 + 32]  # az1 reads 5 table entries per cycle
    times = run_pipeline(schedule, AZ1).times
    assert times[2, 2] >= times[FINISHED, 0] + schedule.lane_cycles[2]


def test_bytes_that_are_no_weights_are_charged(small: CompressedNetwork) -> None:
    schedule = run(small, Fetch(100), product(0, 1, decode=False), Store(48), Store(16))
    assert schedule.fetch_bytes.tolist() == [100, 0]
    assert schedule.output_bytes.tolist() == [0, 64]
    assert schedule.decode_cycles.tolist() == [0, 0]


def test_products_need_the_tiles_that_were_loaded(small: CompressedNetwork) -> None:
    with pytest.raises(InputError, match=r"loads .* but multiplies"):
        run(small, Load(MATRIX, 0, 1), product(1, 1))
    with pytest.raises(InputError, match="nothing to finish"):
        run(small, Vector("tanh", 5))


@pytest.mark.parametrize("steps", [2, 4, 8])
def test_gathered_steps_fetch_input_matrices_once_and_do_all_products(small: CompressedNetwork, steps: int) -> None:
    for name in ("encoder.0", "encoder.1"):
        program = small.network.programs()[name]
        one, many = (build_schedule(AZ1, program, small, steps=count) for count in (1, steps))
        frames = program.frames(steps)
        assert frames > 1 or name == "encoder.1"
        roles = {use.matrix: use.role for stage in program.stages for use in stage.uses}
        streams = {matrix: len(small.matrices[matrix].encoded.data) for matrix in roles}
        repeated = sum(size for matrix, size in streams.items() if roles[matrix] == "recurrent")
        assert many.fetch_bytes.sum() == sum(streams.values()) + (frames - 1) * repeated
        assert many.products.sum() == frames * one.products.sum()
        assert many.positions.sum() == frames * one.positions.sum()
        assert many.vector_ops.sum() == frames * one.vector_ops.sum()
        assert many.lane_cycles.sum() == frames * one.lane_cycles.sum()
        assert run_pipeline(many, AZ1).total_cycles <= frames * run_pipeline(one, AZ1).total_cycles


def test_gathered_activations_are_those_of_their_frames(small: CompressedNetwork) -> None:
    rng = np.random.default_rng(0)
    program = small.network.programs()["encoder.0"]
    inputs = {}
    for name in program.matrices:
        shape = (5, small.decoded[name].shape[1])
        inputs[name] = (rng.integers(-9, 10, shape) * (rng.random(shape) < 0.4)).astype(np.int8)
    alone = build_invocations(BOTH, program, small, None, inputs)
    gathered = build_invocations(BOTH, program, small, None, inputs, steps=2)
    assert len(alone) == 5
    assert len(gathered) == 3
    for run_index in range(2):
        pair = alone[2 * run_index : 2 * run_index + 2]
        assert gathered[run_index].products.sum() == sum(schedule.products.sum() for schedule in pair)
        again = build_schedule(BOTH, program, small, None, inputs, run_index, steps=2)
        assert np.array_equal(again.lane_cycles, gathered[run_index].lane_cycles)


def test_causes_of_programs_with_several_layers_add_up(small: CompressedNetwork) -> None:
    modes = {"encoder.1.recurrent": "decoded", "encoder.2.input": "compressed"}
    for steps in (1, 4):
        for residency in ({}, modes):
            for name, schedule in build_schedules(AZ1, small, residency, steps).items():
                result = run_pipeline(schedule, AZ1)
                causes = attribute(schedule, result, AZ1)
                assert sum(causes.values()) == result.total_cycles, name
                assert min(causes.values()) >= 0


def test_a_missing_function_splits_the_job_and_charges_the_way_to_the_cpu(small: CompressedNetwork) -> None:
    program = small.network.programs()["encoder.1"]
    whole, split = build_schedule(AZ1, program, small), build_schedule(NO_TANH, program, small)
    assert isinstance(split, Sections)
    calls = [part for part in split.parts if isinstance(part, CpuWork)]
    assert [type(part) is CpuWork for part in split.parts] == [False, True] * len(calls) + [False]
    elements = sum(part.elements for stage in program.stages for part in stage.vector if part.function == "tanh")
    assert sum(part.elements for part in calls) == elements
    chip = split.on_chip
    assert chip.output_bytes.sum() == whole.output_bytes.sum() + 2 * elements
    assert chip.fetch_bytes.sum() == whole.fetch_bytes.sum() + 2 * elements
    assert chip.vector_ops.sum() == whole.vector_ops.sum() - elements
    assert chip.products.sum() == whole.products.sum()
