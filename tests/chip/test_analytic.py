"""Estimates of whole networks against the simulation: bytes exact, cycles close, exact where nothing is skipped."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.analytic import Estimate, estimate
from azsim.chip.build import build_invocations, build_schedule
from azsim.chip.energy import schedule_energy
from azsim.chip.pipeline import run_pipeline
from azsim.chip.residency import plan_residency
from azsim.chip.schedule import TileSchedule
from azsim.chip.statistics import Statistics, measure
from azsim.compress.network import CompressedNetwork
from azsim.devices.loader import load_device
from azsim.devices.spec import Device
from azsim.errors import InputError
from tests.chip.networks import compress_by_hand

AZ1 = load_device("az1")
CLOSE = 0.05
A_FEW = 2
"""Cycles by which the smallest matrices (a dozen cycles in all) may be off."""


@pytest.fixture(scope="module")
def small(make_network) -> CompressedNetwork:
    return compress_by_hand(make_network(3, hidden=(96, 96, 96)), AZ1.chip)


@pytest.fixture(scope="module")
def inputs(small: CompressedNetwork) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    programs = small.network.programs().values()
    names = dict.fromkeys(matrix for program in programs for matrix in program.matrices)
    return {name: (rng.random((5, small.decoded[name].shape[1])) < 0.7).astype(np.int8) for name in names}


@pytest.fixture(scope="module")
def known(small: CompressedNetwork, inputs: dict[str, np.ndarray]) -> Statistics:
    return measure(small, inputs)


def with_lanes(**changes: int | str | bool) -> Device:
    chip = AZ1.chip
    return msgspec.structs.replace(
        AZ1, chip=msgspec.structs.replace(chip, lanes=msgspec.structs.replace(chip.lanes, **changes))
    )


def simulated(device: Device, small: CompressedNetwork, modes, steps: int) -> dict[str, TileSchedule]:
    programs = small.network.programs()
    return {name: build_schedule(device.chip, each, small, modes, steps=steps) for name, each in programs.items()}


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("mode", ["streamed", "compressed", "decoded"])
def test_what_skips_nothing_is_exact(small: CompressedNetwork, known: Statistics, steps: int, mode: str) -> None:
    device = with_lanes(skip="none")
    modes = dict.fromkeys(small.matrices, mode)
    found = estimate(device, known, modes, steps)
    for name, schedule in simulated(device, small, modes, steps).items():
        run = found.programs[name]
        assert run.cycles == pytest.approx(run_pipeline(schedule, device.chip).total_cycles, rel=0.002)
        assert run.dram_bytes == schedule.fetch_bytes.sum() + schedule.output_bytes.sum()
        elapsed_ps = device.chip.clock.ps(run.cycles)
        energy_pj = schedule_energy(schedule, device.chip.energy, device.memory, elapsed_ps)
        assert sum(run.energy_pj.values()) == pytest.approx(sum(energy_pj.values()))


@pytest.mark.parametrize("mode", ["streamed", "decoded"])
@pytest.mark.parametrize("window", [2, 4, 12])
def test_skipping_weights_is_close(small: CompressedNetwork, known: Statistics, mode: str, window: int) -> None:
    device = with_lanes(window_positions=window)
    modes = dict.fromkeys(small.matrices, mode)
    found = estimate(device, known, modes)
    for name, schedule in simulated(device, small, modes, 1).items():
        run = found.programs[name]
        assert run.cycles == pytest.approx(run_pipeline(schedule, device.chip).total_cycles, rel=CLOSE)
        assert run.lane_cycles == pytest.approx(schedule.lane_cycles.sum(), rel=CLOSE, abs=A_FEW)
        assert run.energy_pj["multipliers"] == pytest.approx(schedule.products.sum() * device.chip.energy.product_pj)


@pytest.mark.parametrize("skip", ["activations", "both"])
def test_skipping_activations_is_close(
    small: CompressedNetwork, known: Statistics, inputs: dict[str, np.ndarray], skip: str
) -> None:
    device = with_lanes(skip=skip)
    modes = dict.fromkeys(small.matrices, "decoded")
    found = estimate(device, known, modes)
    for name, program in small.network.programs().items():
        runs = build_invocations(device.chip, program, small, modes, inputs)
        cycles = np.mean([run_pipeline(schedule, device.chip).total_cycles for schedule in runs])
        assert found.programs[name].cycles == pytest.approx(cycles, rel=CLOSE)


def test_other_chips_are_estimated_from_the_same_statistics(small: CompressedNetwork, known: Statistics) -> None:
    chip = AZ1.chip
    for key, value in {"bytes_per_cycle": 64, "latency_cycles": 500}.items():
        changed = msgspec.structs.replace(chip, port=msgspec.structs.replace(chip.port, **{key: value}))
        device = msgspec.structs.replace(AZ1, chip=changed)
        found = estimate(device, known, {})
        for name, schedule in simulated(device, small, {}, 1).items():
            cycles = run_pipeline(schedule, changed).total_cycles
            assert found.programs[name].cycles == pytest.approx(cycles, rel=0.02)


def test_stalls_of_the_port_are_counted(small: CompressedNetwork, known: Statistics) -> None:
    chip = AZ1.chip
    sram = msgspec.structs.replace(chip.sram, port_bytes_per_cycle=64, on_conflict="stall")
    device = msgspec.structs.replace(AZ1, chip=msgspec.structs.replace(chip, sram=sram))
    for mode in ("compressed", "decoded"):
        modes = dict.fromkeys(small.matrices, mode)
        for name, schedule in simulated(device, small, modes, 1).items():
            lane_cycles = estimate(device, known, modes).programs[name].lane_cycles
            assert lane_cycles == pytest.approx(schedule.lane_cycles.sum(), rel=CLOSE, abs=A_FEW)


def test_the_planner_chooses_if_nobody_else_does(small: CompressedNetwork, known: Statistics) -> None:
    plan = plan_residency(AZ1.chip, small)
    assert estimate(AZ1, known) == estimate(AZ1, known, plan) == estimate(AZ1, small, plan.modes)


def test_a_systolic_array_is_exact(make_network) -> None:
    device = load_device("systolic-32")
    small = compress_by_hand(make_network(3, hidden=(96, 96, 96)), device.chip)
    found = estimate(device, small, {}, 4)
    for name, schedule in simulated(device, small, {}, 4).items():
        assert found.programs[name].cycles == run_pipeline(schedule, device.chip).total_cycles


def test_work_for_the_cpu_is_left_out(small: CompressedNetwork, known: Statistics) -> None:
    chip = AZ1.chip
    vector = msgspec.structs.replace(chip.vector, functions=("multiply-add",))
    device = msgspec.structs.replace(AZ1, chip=msgspec.structs.replace(chip, vector=vector))
    found = estimate(device, known)
    assert found.programs["encoder.0"].dram_bytes > estimate(AZ1, known).programs["encoder.0"].dram_bytes


def test_rates_add_up(known: Statistics) -> None:
    found: Estimate = estimate(AZ1, known)
    runs = found.programs.values()
    assert found.busy_share == pytest.approx(sum(run.runs_per_second * run.time_us for run in runs) / 1e6)
    assert found.dram_bytes_per_second == pytest.approx(sum(run.runs_per_second * run.dram_bytes for run in runs))
    one = estimate(AZ1, known, steps=4).programs["encoder.0"]
    assert (one.frames, one.runs_per_second) == (4, found.programs["encoder.0"].runs_per_second / 4)


def test_other_layouts_and_orders_are_refused(small: CompressedNetwork, known: Statistics) -> None:
    with pytest.raises(InputError, match="compress it again"):
        estimate(with_lanes(lanes=16), known)
    with pytest.raises(InputError, match="measure it again"):
        estimate(with_lanes(row_order="balanced"), known)
    with pytest.raises(InputError, match="measure the network with the activations"):
        estimate(with_lanes(skip="both"), small)
