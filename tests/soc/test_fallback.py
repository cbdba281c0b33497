"""A job with work for the CPU in between: both run it, one after the other, and both are charged."""

from __future__ import annotations

import msgspec

from azsim.chip.schedule import CpuWork, Sections
from azsim.soc import simulate
from tests.soc.cases import device, schedules, work

ELEMENTS = 5000


def test_the_processor_waits_for_the_cpu() -> None:
    made = schedules()
    whole = made["joint"]
    split = {**made, "joint": Sections("joint", (whole, CpuWork("tanh", ELEMENTS), whole))}
    plain = simulate(device(), work(), made, music=None)
    fallen = simulate(device(), work(), split, music=None, trace=True)
    joints = sum(job.units for job in work().jobs if job.name == "joint" and job.release_ms <= work().endpoint_ms)
    extra = fallen.dram_read_bytes["npu"] - plain.dram_read_bytes["npu"]
    assert extra == joints * int(whole.fetch_bytes.sum())
    calls = [span for span in fallen.spans if span.name == "tanh"]
    assert len(calls) == joints
    on_chip = [span for span in fallen.spans if span.track == "npu"]
    assert all(span.end_ps <= call.start_ps or span.start_ps >= call.end_ps for call in calls for span in on_chip)
    assert fallen.busy_ps["cpu"] > plain.busy_ps["cpu"]
    assert sum(fallen.npu_causes_ps.values()) == fallen.busy_ps["npu"]
    assert sum(fallen.energy_pj.values()) > sum(plain.energy_pj.values())


def test_the_device_s_file_says_how_long_it_takes() -> None:
    made = schedules()
    split = {**made, "joint": Sections("joint", (made["joint"], CpuWork("tanh", ELEMENTS), made["joint"]))}
    quick, slow = (
        msgspec.structs.replace(device(), cpu=msgspec.structs.replace(device().cpu, fallback_cycles_per_element=cycles))
        for cycles in (1.0, 20.0)
    )
    first, second = (simulate(each, work(), split, music=None).step_done_ps for each in (quick, slow))
    assert (first <= second).all()
    assert (first < second).any()
