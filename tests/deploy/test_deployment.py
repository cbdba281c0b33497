"""One chain from bitstreams to a timeline: plan, schedules, the reload of a wake-up, what a step costs."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from azsim.chip.build import build_schedule, build_schedules, tile_layout
from azsim.chip.residency import plan_residency
from azsim.chip.wake import RELOAD, reload_schedule
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.deploy.deployment import Deployment
from azsim.devices.loader import load_device
from azsim.errors import InputError
from azsim.soc import simulate
from tests.conftest import random_network
from tests.soc.cases import work

AZ1 = load_device("az1")


@pytest.fixture(scope="module")
def small() -> CompressedNetwork:
    return compress(random_network(5), weight_bits=4, sparsity=0.5, codec="zvsv", layout=tile_layout(AZ1.chip))


def test_resident_weights_are_brought_back_before_anything_else(small: CompressedNetwork) -> None:
    deployed, asked = Deployment(AZ1, small), work()
    assert deployed.plan.modes
    woken, more = deployed.ready(asked)
    assert [replace(job, after=()) for job in woken.jobs[1:]] == [replace(job, after=()) for job in asked.jobs]
    assert all(0 in job.after for job in woken.jobs[1:] if job.engine == "npu" and job.after < (1,))
    assert (woken.jobs[0].engine, woken.jobs[0].name, woken.jobs[0].release_ms) == ("npu", RELOAD, 0)
    assert replace(woken, jobs=asked.jobs) == asked
    assert {name: more[name] for name in deployed.schedules} == dict(deployed.schedules)
    assert more[RELOAD].fetch_bytes.sum() > 0
    assert not np.any(more[RELOAD].products)


def test_where_nothing_stays_nothing_is_brought_back(small: CompressedNetwork) -> None:
    sram = msgspec.structs.replace(AZ1.chip.sram, residency="streamed")
    device = msgspec.structs.replace(AZ1, chip=msgspec.structs.replace(AZ1.chip, sram=sram))
    deployed, asked = Deployment(device, small), work()
    assert deployed.ready(asked) == (asked, deployed.schedules)


def test_playing_is_the_chain_spelled_out(small: CompressedNetwork) -> None:
    asked, plan = work(), plan_residency(AZ1.chip, small)
    schedules = {**build_schedules(AZ1.chip, small, plan), RELOAD: reload_schedule(AZ1.chip, small, plan)}
    woken, _ = Deployment(AZ1, small).ready(asked)
    by_hand = simulate(AZ1, woken, schedules, music=None, peak_sram_bytes=plan.peak_bytes)
    played = Deployment(AZ1, small).play(asked, music=None)
    assert played.elapsed_ps == by_hand.elapsed_ps
    assert played.dram_read_bytes == by_hand.dram_read_bytes
    assert played.energy_pj == by_hand.energy_pj


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_a_step_costs_its_share_of_every_program_that_steps_decide(small: CompressedNetwork, frames: int) -> None:
    deployed = Deployment(AZ1, small, frames_per_step=frames)
    step, programs = deployed.step(), small.network.programs()
    fetched = cycles = 0.0
    for name, program in programs.items():
        if program.period_steps:
            share = 1 / (program.period_steps * program.frames(frames))
            fetched += share * deployed.costs[name].fetch_bytes
            cycles += share * deployed.costs[name].cycles
    assert step.fetch_bytes == pytest.approx(fetched)
    assert step.cycles == pytest.approx(cycles)


def test_costs_add_up_to_the_schedule(small: CompressedNetwork) -> None:
    deployed = Deployment(AZ1, small)
    for name, schedule in deployed.schedules.items():
        cost = deployed.costs[name]
        assert cost.fetch_bytes == schedule.fetch_bytes.sum()
        assert cost.products == schedule.products.sum()
        assert cost.cycles == sum(cost.causes.values()) > 0


def test_sizes_are_those_of_network_and_plan(small: CompressedNetwork) -> None:
    deployed = Deployment(AZ1, small)
    assert deployed.bitstream_bytes == small.model_bytes
    assert (deployed.resident_bytes, deployed.peak_sram_bytes) == (
        deployed.plan.resident_bytes,
        deployed.plan.peak_bytes,
    )
    assert deployed.resident_bytes <= deployed.peak_sram_bytes <= AZ1.chip.sram.bytes


@pytest.mark.parametrize("skip", ["activations", "both"])
def test_without_recorded_activations_none_counts_as_zero(small: CompressedNetwork, skip: str) -> None:
    """The schedules are then those of runs whose activations have no zeros: products and lane time at their most."""
    lanes = msgspec.structs.replace(AZ1.chip.lanes, skip=skip, skip_zero_columns=True)
    device = msgspec.structs.replace(AZ1, chip=msgspec.structs.replace(AZ1.chip, lanes=lanes))
    deployed = Deployment(device, small, {"*": "streamed"})
    assert deployed.needs_activations
    rng = np.random.default_rng(0)
    for name, program in small.network.programs().items():
        shapes = {matrix: small.matrices[matrix].encoded.shape[1] for matrix in program.matrices}
        full = {matrix: np.full((1, columns), 5, np.int8) for matrix, columns in shapes.items()}
        some = {matrix: rng.integers(-1, 2, (1, columns)).astype(np.int8) for matrix, columns in shapes.items()}
        bound = deployed.schedules[name]
        dense, sparse = (build_schedule(device.chip, program, small, deployed.plan, each) for each in (full, some))
        for column in ("products", "lane_cycles", "fetch_bytes", "decode_cycles"):
            assert np.array_equal(getattr(bound, column), getattr(dense, column)), column
        assert sparse.products.sum() < bound.products.sum()
        assert np.all(sparse.lane_cycles <= bound.lane_cycles)
    assert deployed.step().cycles > 0


def test_a_chip_alone_plans_and_schedules_but_plays_nothing(small: CompressedNetwork) -> None:
    alone, whole = Deployment(AZ1.chip, small), Deployment(AZ1, small)
    assert alone.plan == whole.plan
    assert alone.costs == whole.costs
    with pytest.raises(InputError, match="a chip alone plays no utterance"):
        alone.play(work(), music=None)
