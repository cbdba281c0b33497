"""A model update beside speech and music."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from azsim.soc.device import DeviceSimulation
from azsim.soc.energy import device_energy
from azsim.soc.update import PHASES, SYNCS, ModelUpdate, UpdateJob
from azsim.soc.utterance import SpeechChain

from . import cases

FULL = UpdateJob(payload_bytes=300_000, new_bytes=300_000)
DELTA = UpdateJob(payload_bytes=20_000, new_bytes=300_000, old_bytes=290_000, weights=400_000, tiles=25)


def played(job: UpdateJob, start_ps: int = 0, **changes: int | float | str) -> tuple[DeviceSimulation, ModelUpdate]:
    """The update alone on a silent device."""
    simulation = DeviceSimulation(cases.device(**changes), None, 1, trace=True)
    update = ModelUpdate(simulation, job, start_ps)
    simulation.env.run(until=simulation.env.process(update.run()))
    return simulation, update


def test_a_delta_alone_takes_what_its_parts_take() -> None:
    simulation, update = played(DELTA, start_ps=10**9)
    device, found = simulation.device, update.durations_ms()
    spec, flash, clock = device.update, device.flash, device.cpu.clock_mhz * 1e3
    assert tuple(found) == PHASES
    assert update.phases_ps["download"][0] == 10**9
    assert all(update.phases_ps[a][1] == update.phases_ps[b][0] for a, b in pairwise(PHASES))
    air_ms = 8e-3 * simulation.radio.bytes_moved(up=False) / device.network.downlink_mbps
    assert air_ms < found["download"] - device.network.rtt_median_ms < air_ms + 3
    wake_ms = device.cpu.wake_us / 1e3
    assert found["verify"] == pytest.approx(spec.signature_cycles / clock + wake_ms, rel=0.01)
    patch = DELTA.weights * spec.patch_cycles_per_weight + DELTA.new_bytes * spec.digest_cycles_per_byte
    moved_ms = 1e-3 * (DELTA.old_bytes / flash.read_mb_per_s + DELTA.new_bytes / flash.write_mb_per_s)
    assert found["apply"] == pytest.approx(patch / clock + DELTA.tiles * wake_ms + moved_ms, rel=0.02)
    assert found["commit"] == SYNCS * flash.sync_ms
    assert found["load"] == pytest.approx(1e-3 * DELTA.new_bytes / flash.read_mb_per_s, rel=0.01)


@pytest.mark.parametrize("job", [FULL, DELTA])
def test_bytes_add_up(job: UpdateJob) -> None:
    simulation, update = played(job)
    assert update.done
    flash = simulation.flash
    assert flash.written_bytes == job.new_bytes
    assert flash.read_bytes == job.old_bytes + job.new_bytes
    traffic = simulation.memory.traffic()["network"]
    assert traffic.write_bytes == simulation.radio.bytes_moved(up=False) + flash.read_bytes
    assert traffic.read_bytes == flash.written_bytes
    assert simulation.radio.bytes_moved(up=False) >= job.payload_bytes
    assert simulation.radio.bytes_moved(up=True) == 0
    assert flash.busy_ps <= simulation.env.now
    spans = [span for span in simulation.recorder.spans(simulation.env.now) if span.track == "flash"]
    assert sum(span.end_ps - span.start_ps for span in spans) == flash.busy_ps
    spec = simulation.device.flash
    assert device_energy(simulation.device, simulation.usage())["flash"] == pytest.approx(
        8 * (flash.read_bytes * spec.read_pj_per_bit + job.new_bytes * spec.write_pj_per_bit)
    )


def test_a_full_update_applies_nothing_and_writes_as_it_comes() -> None:
    _, update = played(FULL)
    assert update.durations_ms()["apply"] == 0
    slow = played(FULL, flash__write_mb_per_s=1.0)[1].durations_ms()
    assert slow["download"] > 1e-3 * FULL.new_bytes / 1.0 > update.durations_ms()["download"]


def test_speech_preempts_the_update_even_on_one_core() -> None:
    work, schedules = cases.work(), cases.schedules()
    changes = {"cpu__cores": 1}

    def final_ps(job: UpdateJob | None) -> int:
        simulation = DeviceSimulation(cases.device(**changes), cases.track(), 3)
        chain = SpeechChain(simulation, work, schedules)
        if job:
            simulation.env.process(ModelUpdate(simulation, job).run())
        simulation.env.run(until=simulation.env.process(chain.run()))
        assert simulation.underruns == 0
        assert not chain.missed_steps()
        return chain.final_ps

    heavy = replace(DELTA, weights=40_000_000, tiles=2)
    context_switch_ps = round(cases.device().cpu.context_switch_us * 1e6)
    assert final_ps(heavy) - final_ps(None) <= 2 * context_switch_ps + 10**9
