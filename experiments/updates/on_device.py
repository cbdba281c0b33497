"""What updates do to speech and music: one after the other, without a pause, while utterance follows utterance."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import simpy

from azsim.compare.setup import Setup
from azsim.compare.trained import recognise
from azsim.compress.network import CompressedNetwork
from azsim.deploy.deployment import Deployment
from azsim.devices.spec import Device
from azsim.report.percentiles import percentile
from azsim.soc.device import DeviceSimulation
from azsim.soc.energy import flash_pj
from azsim.soc.governor import initial_clock
from azsim.soc.update import PHASES, ModelUpdate, UpdateJob
from azsim.soc.utterance import SpeechChain

PAUSE_PS = 10**12
PJ_PER_MJ = 1e9


@dataclass(frozen=True, slots=True)
class UpdateLoad:
    """One device under one stream of updates.

    Attributes:
        device: its name and what was changed.
        update: which, ``none`` for the comparison.
        payload_bytes: of one update.
        updates: that were completed.
        phase_ms: phase -> mean length.
        cpu_ms: core time of one update.
        energy_mj: of one update: radio, cores, DRAM, flash.
        wait_p50_ms, wait_p99_ms, wait_max_ms: from the end-point to the final words.
        step_p99_ms: from a step's release to the end of its jobs.
        missed_steps, steps, underruns, utterances: counts.
    """

    device: str
    update: str
    payload_bytes: int
    updates: int
    phase_ms: Mapping[str, float]
    cpu_ms: float
    energy_mj: Mapping[str, float]
    wait_p50_ms: float
    wait_p99_ms: float
    wait_max_ms: float
    step_p99_ms: float
    missed_steps: int
    steps: int
    underruns: int
    utterances: int

    @property
    def total_ms(self) -> float:
        """One update from its first byte to the new model in memory."""
        return sum(self.phase_ms.values())


def devices(device: Device) -> dict[str, Device]:
    """The device, with one core, and with a tenth of its link."""
    cpu = msgspec.structs.replace(device.cpu, cores=1)
    slow = msgspec.structs.replace(device.network, downlink_mbps=device.network.downlink_mbps / 10)
    return {
        device.name: device,
        f"{device.name}, one core": msgspec.structs.replace(device, cpu=cpu),
        f"{device.name}, {slow.downlink_mbps:g} Mb/s": msgspec.structs.replace(device, network=slow),
    }


def measure(setup: Setup, small: CompressedNetwork, jobs: Mapping[str, UpdateJob]) -> list[UpdateLoad]:
    """Every device without updates and under each job."""
    works = [recognition.work for recognition in recognise(small, setup)]
    loads = []
    for name, device in devices(setup.device).items():
        for update, job in (("none", None), *jobs.items()):
            loads.append(_play(setup, device, name, small, works, update, job))
    return loads


def _play(
    setup: Setup,
    device: Device,
    name: str,
    small: CompressedNetwork,
    works: Sequence,
    update: str,
    job: UpdateJob | None,
) -> UpdateLoad:
    deployed = Deployment(device, small)
    simulation = DeviceSimulation(device, setup.music, setup.experiment.seed)
    env = simulation.env
    chains, start_ps = [], 0
    for work in works:
        chains.append(SpeechChain(simulation, *deployed.ready(work), start_ps))
        start_ps += max(work.audio_ms, work.endpoint_ms) * 10**9 + PAUSE_PS
    updates: list[ModelUpdate] = []
    if job:
        env.process(_again_and_again(simulation, job, updates))
    for chain in chains:
        env.process(chain.run())
    env.run(until=start_ps)
    while job and not updates[0].done:
        env.run(until=env.now + PAUSE_PS)
    done = [one for one in updates if one.done]
    waits = [(chain.final_ps - chain.endpoint_ps) / 1e9 for chain in chains]
    steps = np.concatenate([chain.done_ps - chain.release_ps for chain in chains]) / 1e9
    return UpdateLoad(
        device=name,
        update=update,
        payload_bytes=job.payload_bytes if job else 0,
        updates=len(done),
        phase_ms={phase: float(np.mean([one.durations_ms()[phase] for one in done])) for phase in PHASES if done},
        cpu_ms=_cpu_ms(device, done[0].cpu_cycles) if done else 0.0,
        energy_mj=_energy_mj(device, simulation, job, done[0]) if done else {},
        wait_p50_ms=percentile(waits, 50),
        wait_p99_ms=percentile(waits, 99),
        wait_max_ms=float(np.max(waits)),
        step_p99_ms=percentile(steps, 99),
        missed_steps=sum(len(chain.missed_steps()) for chain in chains),
        steps=len(steps),
        underruns=simulation.underruns,
        utterances=len(chains),
    )


def _again_and_again(
    simulation: DeviceSimulation, job: UpdateJob, updates: list[ModelUpdate]
) -> Generator[simpy.Event, object, None]:
    while True:
        updates.append(ModelUpdate(simulation, job))
        yield from updates[-1].run()


def _cpu_ms(device: Device, cycles: int) -> float:
    return cycles * initial_clock(device.cpu).ps_per_kcycle / 1000 / 1e9


def _energy_mj(device: Device, simulation: DeviceSimulation, job: UpdateJob, done: ModelUpdate) -> dict[str, float]:
    """Counts x constants of one update; what stands by in any case is left out."""
    received = simulation.radio.framed(job.payload_bytes)
    from_flash = job.old_bytes + job.new_bytes  # what a delta reads, and the new model when it is loaded
    moved_in, moved_out = received + from_flash, job.new_bytes
    return {
        "radio": 8 * received * device.network.rx_mw_per_mbps * 1e3 / PJ_PER_MJ,
        "cores": _cpu_ms(device, done.cpu_cycles) * initial_clock(device.cpu).power_uw * 1e-6,
        "dram": 8 * (moved_in * device.memory.write_pj_per_bit + moved_out * device.memory.read_pj_per_bit) / PJ_PER_MJ,
        "flash": flash_pj(device.flash, from_flash, job.new_bytes) / PJ_PER_MJ,
    }
