"""Schedules hold the stream's own bytes, and the work of each stage in its place."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip import lane_cache
from azsim.chip.build import build_invocations, build_schedule, build_schedules
from azsim.chip.decoder import decode_cycles
from azsim.chip.execute import vector_cycles
from azsim.chip.lanes import lane_cost
from azsim.chip.residency import plan_residency
from azsim.compress.network import CompressedNetwork
from azsim.devices.loader import load_device
from azsim.errors import InputError
from tests.chip.networks import compress_by_hand

AZ1 = load_device("az1").chip
BOTH = msgspec.structs.replace(AZ1, lanes=msgspec.structs.replace(AZ1.lanes, skip="both"))


@pytest.fixture(scope="module")
def small(make_network) -> CompressedNetwork:
    return compress_by_hand(make_network(3, hidden=(96, 96, 96)), AZ1)


def test_streamed_bytes_are_the_bitstreams_bytes(small: CompressedNetwork) -> None:
    for name, program in small.network.programs().items():
        schedule = build_schedule(AZ1, program, small)
        streams = sum(len(small.matrices[matrix].encoded.data) for matrix in program.matrices)
        assert schedule.fetch_bytes.sum() == streams + program.lookup_bytes, name
        weights = sum(small.decoded[matrix].size for matrix in program.matrices)
        assert schedule.positions.sum() == schedule.decoded_values.sum() == weights
        assert schedule.products.sum() == sum(np.count_nonzero(small.decoded[matrix]) for matrix in program.matrices)
        assert np.array_equal(schedule.lane_split.sum(axis=1), schedule.lane_cycles)


def test_vector_work_and_output_stand_at_the_last_tile_of_a_stage(small: CompressedNetwork) -> None:
    program = small.network.programs()["encoder.1"]
    schedule = build_schedule(AZ1, program, small)
    last = -1
    for stage in program.stages:
        before = last
        for use in stage.uses:
            tiles = len(small.matrices[use.matrix].encoded.tiling)
            expected = before if use.operand == "previous" else -1
            assert (schedule.depends_on[last + 1 : last + 1 + tiles] == expected).all()
            last += tiles
        assert schedule.vector_ops[last] == stage.vector_ops
        assert schedule.vector_cycles[last] == vector_cycles(stage.vector_ops, AZ1.vector)
        assert schedule.output_bytes[last] == stage.output_bytes
    assert last == len(schedule) - 1
    assert schedule.vector_ops.sum() == sum(stage.vector_ops for stage in program.stages)


def test_vector_cycles_are_start_up_and_rate() -> None:
    assert vector_cycles(0, AZ1.vector) == 0
    assert vector_cycles(1, AZ1.vector) == 17
    assert vector_cycles(16, AZ1.vector) == 17
    assert vector_cycles(17, AZ1.vector) == 18


def test_table_reads_have_a_rate_of_their_own() -> None:
    unit = AZ1.vector
    assert (unit.elements_per_cycle, unit.table_reads_per_cycle) == (16, 5)
    assert vector_cycles(160, unit, 50) == 16 + 10
    assert vector_cycles(160, unit, 51) == 16 + 11
    assert vector_cycles(160, msgspec.structs.replace(unit, table_reads_per_cycle=0), 160) == 16 + 10


def test_a_looked_up_row_is_fetched_first(small: CompressedNetwork) -> None:
    program = small.network.programs()["prediction"]
    schedule = build_schedule(AZ1, program, small)
    assert schedule.fetch_bytes[0] == program.lookup_bytes
    assert schedule.decode_cycles[0] == schedule.lane_cycles[0] == schedule.positions[0] == 0


def test_resident_matrices_are_neither_fetched_nor_if_decoded_decoded(small: CompressedNetwork) -> None:
    program = small.network.programs()["encoder.0"]
    modes = {program.matrices[0]: "compressed", program.matrices[1]: "decoded"}
    schedule = build_schedule(AZ1, program, small, modes)
    first = small.matrices[program.matrices[0]].encoded
    assert schedule.fetch_bytes.sum() == 0
    assert np.array_equal(schedule.decode_cycles[: len(first.tiling)], decode_cycles(first, AZ1.decoder))
    assert schedule.decode_cycles[len(first.tiling) :].sum() == 0
    assert np.array_equal(schedule.lane_cycles, build_schedule(AZ1, program, small).lane_cycles)


def test_a_plan_is_as_good_as_its_modes(small: CompressedNetwork) -> None:
    plan = plan_residency(AZ1, small)
    by_plan, by_modes = build_schedules(AZ1, small, plan), build_schedules(AZ1, small, plan.modes)
    assert all(np.array_equal(by_plan[name].fetch_bytes, by_modes[name].fetch_bytes) for name in by_plan)


def test_activations_decide_invocation_by_invocation(small: CompressedNetwork) -> None:
    rng = np.random.default_rng(0)
    program = small.network.programs()["encoder.0"]
    inputs = {}
    for name in program.matrices:
        shape = (4, small.decoded[name].shape[1])
        inputs[name] = (rng.integers(-9, 10, shape) * (rng.random(shape) < 0.4)).astype(np.int8)
    schedules = build_invocations(BOTH, program, small, None, inputs)
    assert len(schedules) == 4
    for index, schedule in enumerate(schedules):
        alone = build_schedule(BOTH, program, small, None, inputs, index)
        assert np.array_equal(schedule.lane_cycles, alone.lane_cycles)
        products = sum(np.count_nonzero(small.decoded[n] * (inputs[n][index] != 0)) for n in program.matrices)
        assert schedule.products.sum() == products
    assert len(build_invocations(AZ1, program, small, None, inputs)) == 1


def test_missing_activations_and_foreign_layouts_are_refused(small: CompressedNetwork) -> None:
    program = small.network.programs()["encoder.0"]
    with pytest.raises(InputError, match="needs the int8 activations"):
        build_schedule(BOTH, program, small)
    with pytest.raises(InputError, match="no activations were recorded"):
        build_schedule(BOTH, program, small, None, {})
    with pytest.raises(InputError, match="encode it again for this device"):
        build_schedule(load_device("az2").chip, program, small)


def test_lane_times_are_computed_once_for_equal_content(small: CompressedNetwork, monkeypatch) -> None:
    build_schedules(AZ1, small)
    calls = []
    monkeypatch.setattr(lane_cache, "lane_cost", lambda *given: calls.append(given) or lane_cost(*given))
    copy = compress_by_hand(small.network, AZ1)
    slower = msgspec.structs.replace(AZ1, clock_mhz=100.0)
    build_schedules(slower, copy)
    assert not calls
    build_schedules(AZ1, compress_by_hand(small.network, AZ1, seed=1))
    assert calls
