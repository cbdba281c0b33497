"""The flash: what a command takes, one after another, and what it counts."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from azsim.soc.device import DeviceSimulation
from azsim.soc.energy import device_energy, flash_pj
from azsim.soc.utterance import PS_PER_MS
from tests.soc import cases


def played(*commands: tuple[str, int], **changes: float) -> DeviceSimulation:
    """A silent device whose flash does these commands one after another."""
    simulation = DeviceSimulation(cases.device(**changes), None, 1, trace=True)

    def run():
        for name, size_bytes in commands:
            yield from simulation.flash.sync() if name == "sync" else getattr(simulation.flash, name)(size_bytes)

    simulation.env.run(until=simulation.env.process(run()))
    return simulation


@pytest.mark.parametrize(("name", "rate"), [("read", "read_mb_per_s"), ("write", "write_mb_per_s")])
def test_a_command_takes_its_bytes_at_the_flashs_rate(name: str, rate: str) -> None:
    size_bytes = 300_000
    simulation = played((name, size_bytes))
    flash, spec = simulation.flash, simulation.device.flash
    assert flash.busy_ps == math.ceil(size_bytes * 1e6 / getattr(spec, rate))
    assert simulation.env.now >= flash.busy_ps
    assert (flash.read_bytes, flash.written_bytes) == ((size_bytes, 0) if name == "read" else (0, size_bytes))
    traffic = simulation.memory.traffic()["network"]
    assert (traffic.write_bytes, traffic.read_bytes) == (flash.read_bytes, flash.written_bytes)


def test_a_slow_memory_holds_the_flash_up() -> None:
    quick, slow = (played(("read", 300_000), memory__peak_gbps=rate).env.now for rate in (3.2, 0.01))
    assert slow > quick


def test_commands_follow_each_other_and_are_recorded() -> None:
    simulation = played(("write", 1000), ("write", 0), ("sync", 0), ("read", 1000))
    spans = [span for span in simulation.recorder.spans(simulation.env.now) if span.track == "flash"]
    assert [span.name for span in spans] == ["write", "sync", "read"]
    assert all(before.end_ps <= after.start_ps for before, after in pairwise(spans))
    assert spans[1].end_ps - spans[1].start_ps == round(simulation.device.flash.sync_ms * PS_PER_MS)


def test_its_bits_are_in_the_devices_energy() -> None:
    simulation = played(("write", 1000), ("read", 3000))
    device, spec = simulation.device, simulation.device.flash
    expected = 8 * (3000 * spec.read_pj_per_bit + 1000 * spec.write_pj_per_bit)
    assert flash_pj(spec, 3000, 1000) == pytest.approx(expected)
    assert device_energy(device, simulation.usage())["flash"] == pytest.approx(expected)
    assert simulation.timeline("nothing said", played().usage()).energy_idle_pj["flash"] == 0
