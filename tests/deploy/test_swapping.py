"""A switch of branch fetches the branch, once, and no more; swaps stand where the branch changes."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.build import build_schedules, tile_layout
from azsim.chip.residency import plan_residency
from azsim.compress.recipe import MatrixRecipe, compress
from azsim.deploy.swapping import (
    SWAP_LARGE,
    SWAP_SMALL,
    SwappedDeployment,
    branch_matrices,
    plan_swapped,
    swap_schedules,
    with_swaps,
)
from azsim.devices.loader import load_device
from azsim.devices.sram import in_lines
from azsim.errors import InputError
from azsim.nn.rnnt.branching import Chance, CommandFrom
from azsim.soc import simulate
from azsim.speech.recogniser import Recogniser


@pytest.fixture(scope="module")
def chip():
    return load_device("az1").chip


@pytest.fixture(scope="module")
def small(make_network, chip):
    return compress(make_network(8, branch_rank=4, arbiter=5), layout=tile_layout(chip))


def stream_bytes(network, names) -> int:
    return sum(len(network.matrices[name].encoded.data) for name in names)


def test_each_branch_has_its_own_matrices(small) -> None:
    own = branch_matrices(small)
    assert set(own[SWAP_LARGE]) == {f"encoder.{i}.{kind}" for i in range(3) for kind in ("input", "recurrent")}
    kinds = ("input", "recurrent", "expand")
    assert set(own[SWAP_SMALL]) == {f"encoder.{i}.small.{kind}" for i in range(3) for kind in kinds}


def test_a_swap_fetches_its_branch_and_runs_fetch_nothing(small, chip) -> None:
    plan = plan_swapped(chip, small)
    swaps, programs = swap_schedules(chip, small, plan), build_schedules(chip, small, plan)
    for swap, names in branch_matrices(small).items():
        assert swaps[swap].fetch_bytes.sum() == stream_bytes(small, names)
        assert swaps[swap].lane_cycles.sum() == 0
    for name, schedule in programs.items():
        if name.startswith("encoder."):
            assert schedule.fetch_bytes.sum() == 0, name


def test_a_memory_of_one_branch_is_enough(small, chip) -> None:
    plan = plan_swapped(chip, small)
    own = branch_matrices(small)
    positions = {name: small.decoded[name].size for name in plan.modes}
    sizes = {
        name: positions[name] if mode == "decoded" else stream_bytes(small, [name]) for name, mode in plan.modes.items()
    }
    kept = {name: size for name, size in sizes.items() if name not in own[SWAP_SMALL]}
    assert plan.resident_bytes == sum(map(in_lines, kept.values()))


def test_a_plain_encoder_has_nothing_to_swap(make_network, chip) -> None:
    plain = compress(make_network(8), layout=tile_layout(chip))
    with pytest.raises(InputError, match="nothing to swap"):
        plan_swapped(chip, plain)


def test_room_is_that_of_the_branch_that_is_larger_as_it_is_kept(make_network, chip) -> None:
    network = make_network(8, branch_rank=10, arbiter=5)
    few = dict.fromkeys(
        [f"encoder.{i}.{kind}" for i in range(3) for kind in ("input", "recurrent")],
        MatrixRecipe(weight_bits=2, sparsity=0.98, codec="golomb"),
    )
    small = compress(network, overrides=few, layout=tile_layout(chip))
    own = branch_matrices(small)
    positions = {swap: sum(in_lines(small.decoded[name].size) for name in names) for swap, names in own.items()}
    streams = {swap: sum(in_lines(stream_bytes(small, [name])) for name in names) for swap, names in own.items()}
    assert streams[SWAP_LARGE] < streams[SWAP_SMALL]
    assert positions[SWAP_LARGE] > positions[SWAP_SMALL]
    streamed = msgspec.structs.replace(chip, sram=msgspec.structs.replace(chip.sram, residency="streamed"))
    assert plan_swapped(streamed, small, mode="decoded").resident_bytes == positions[SWAP_LARGE]
    assert plan_swapped(streamed, small, mode="compressed").resident_bytes == streams[SWAP_SMALL]


def heard(make_network, picker):
    device = load_device("az1")
    small = compress(make_network(8, branch_rank=4), layout=tile_layout(device.chip))
    features = np.random.default_rng(1).normal(5, 2, (120, 64)).astype(np.float32)
    return device, small, Recogniser(small).recognise(features, picker=picker).work


def test_a_job_more_where_the_branch_changes(make_network) -> None:
    _, _, work = heard(make_network, CommandFrom(5))
    names = [job.name for job in with_swaps(work).jobs]
    assert names.count(SWAP_SMALL) == names.count(SWAP_LARGE) == 1
    assert names[names.index(SWAP_SMALL) + 1] == "encoder.0.small"
    assert names[names.index(SWAP_LARGE) + 1] == "encoder.0"
    assert [name for name in names if not name.startswith("swap")] == [job.name for job in work.jobs]


def test_the_device_fetches_each_branch_at_its_swaps(make_network) -> None:
    device, small, work = heard(make_network, Chance(0.5, seed=3))
    streamed = {name: "streamed" for name in plan_residency(device.chip, small).modes}
    swapped = plan_swapped(device.chip, small)
    swaps = swap_schedules(device.chip, small, swapped)
    jobs = with_swaps(work)
    read = []
    for own, schedules in (
        (work, build_schedules(device.chip, small, streamed)),
        (jobs, {**build_schedules(device.chip, small, swapped), **swaps}),
    ):
        timeline = simulate(device, own, schedules, music=None)
        wanted = sum(int(schedules[job.name].fetch_bytes.sum()) for job in own.jobs if job.engine == "npu")
        assert timeline.dram_read_bytes["npu"] == wanted
        read.append(wanted)
    lookups = sum(job.name == "prediction" for job in work.jobs) * small.network.programs()["prediction"].lookup_bytes
    counted = sum(int(swaps[job.name].fetch_bytes.sum()) for job in jobs.jobs if job.name in swaps)
    assert read[1] == counted + lookups


def test_a_swapped_deployment_brings_a_branch_when_it_is_picked(make_network) -> None:
    device, small, work = heard(make_network, CommandFrom(5))
    deployed = SwappedDeployment(device, small)
    own, schedules = deployed.ready(work)
    names = [job.name for job in own.jobs]
    assert names.count(SWAP_SMALL) == names.count(SWAP_LARGE) == 1
    timeline = deployed.play(work, music=None)
    wanted = sum(int(schedules[job.name].fetch_bytes.sum()) for job in own.jobs if job.engine == "npu")
    assert timeline.dram_read_bytes["npu"] == wanted
