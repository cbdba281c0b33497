"""Swaps stand where the branch changes, and the device pays for them."""

from __future__ import annotations

import numpy as np

from azsim.chip.build import build_schedules, tile_layout
from azsim.chip.residency import plan_residency
from azsim.chip.swap import SWAP_LARGE, SWAP_SMALL, plan_swapped, swap_schedules
from azsim.compress.recipe import compress
from azsim.devices.loader import load_device
from azsim.nn.branching import Chance, CommandFrom
from azsim.soc import simulate
from azsim.soc.swapping import with_swaps
from azsim.speech.recogniser import Recogniser


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
