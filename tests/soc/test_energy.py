"""Energy of the device: parts, and the reference without speech."""

from __future__ import annotations

import pytest

from azsim.soc import simulate
from azsim.soc.energy import Usage, device_energy
from tests.soc.cases import device, schedules, track, work


def test_parts_follow_from_counts_and_constants():
    spec = device()
    usage = Usage(10**12, 1000, 500, 168_000 * 2 * 10**11, 125, 250)
    energy = device_energy(spec, usage)
    assert energy["dram"] == pytest.approx(8 * (1000 * 8.5 + 500 * 5.0))
    assert energy["dram standby"] == pytest.approx(37e9)
    assert energy["leakage"] == pytest.approx(2e9)
    assert energy["cpu"] == pytest.approx(168 * 0.2e9)
    assert energy["network"] == pytest.approx(133e9 + (283 * 1000 + 137 * 2000) * 1e3)


def test_no_radio_no_energy_for_it():
    assert device_energy(device(), Usage(10**12, 0, 0, 0, 0, 0))["network"] == 0


def test_the_processor_adds_its_own_parts_per_run():
    made = schedules()["joint"]
    once, twice = (device_energy(device(), Usage(0, 0, 0, 0, 0, 0, ((made, runs),))) for runs in (1, 2))
    for part in ("sram", "decoder", "multipliers", "accumulators", "vector"):
        assert 0 < 2 * once[part] == twice[part]


def test_speech_costs_more_than_idling_in_every_part_it_uses():
    timeline = simulate(device(), work(), schedules(), music=track())
    assert timeline.energy_pj.keys() == timeline.energy_idle_pj.keys()
    for part in ("dram", "sram", "decoder", "multipliers", "accumulators", "vector", "cpu"):
        assert timeline.energy_pj[part] > timeline.energy_idle_pj[part] >= 0
    for part in ("leakage", "dram standby"):
        assert timeline.energy_pj[part] == timeline.energy_idle_pj[part] > 0
