"""The device over time: an hour with speech every 20 s and music, and a thousand different devices for one utterance.

The hour is a process of its own on one core: ``python -m experiments.bench.device`` prints one JSON object.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from azsim.chip.build import tile_layout
from azsim.compare.experiment import load_experiment
from azsim.compare.pool import Pool
from azsim.compare.production import draw, replayed
from azsim.compare.runner import make_setup
from azsim.compare.setup import Setup, compressed
from azsim.compare.stages import pipeline_of
from azsim.compare.trained import deploy, recognise
from azsim.compress.network import CompressedNetwork
from azsim.deploy.deployment import Deployment
from azsim.devices.loader import scaled
from azsim.devices.spec import Device
from azsim.soc import simulate_session
from azsim.soc.music import MusicTrack
from azsim.soc.session import Session, Speech
from azsim.speech.work import Work
from experiments.bench.figure import Figure

ROOT = Path(__file__).resolve().parent.parent.parent
SECTION = "The device over time"
CONFIGURATION = "5-bit zvsv 50%"
HOUR_S = 3600
EVERY_S = 20
DIFFERENT = 10
PS_PER_S = 10**12
HOUR_TARGET_S = 120.0
RUNS_TARGET_S = 60.0
WORKERS = 2
AT_ONCE = 25
FACTORS: tuple[tuple[tuple[str, ...], tuple[float, ...]], ...] = (
    (("chip.clock_mhz",), (0.5, 0.75, 1.0, 1.5, 2.0)),
    (("memory.peak_gbps",), (0.25, 0.5, 0.75, 1.0, 2.0)),
    (("chip.sram.bytes",), (0.5, 1.0, 2.0, 4.0, 8.0)),
    (("chip.port.bytes_per_cycle",), (1.0, 2.0)),
    (("chip.decoder.positions_per_cycle", "chip.decoder.values_per_cycle"), (1.0, 2.0)),
    (
        ("chip.lanes.multipliers_per_lane", "chip.lanes.window_positions", "chip.sram.port_bytes_per_cycle"),
        (1.0, 2.0),
    ),
)
"""What differs between the thousand devices, as factors of az1."""


def figures() -> list[Figure]:
    """Seconds for the hour, trained and production size, and for the thousand runs."""
    command = [sys.executable, "-m", "experiments.bench.device"]
    for _ in range(2):  # the first call compiles
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True
        )
    answer = json.loads(done.stdout)
    found = []
    for size, hour in answer.items():
        note = (
            f"{hour['heard']} utterances, {hour['steps']:,} steps, {hour['mb']:,.0f} MB through the DRAM, "
            f"{hour['underruns']} underruns; one core, wall-clock {hour['wall_s']:.1f} s; "
            f"job traces made before in {hour['before_s']:.1f} s"
        )
        what = f"an hour, speech every {EVERY_S} s, music, {size}: processor time"
        found.append(Figure(SECTION, what, hour["cpu_s"], "s", HOUR_TARGET_S, at_most=True, note=note))
    found.append(_thousand())
    return found


def measure() -> dict[str, dict[str, float]]:
    """The hour on one core, with the network as trained and at production size."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    experiment, path = load_experiment(None)
    setup = make_setup(experiment, path, limit=DIFFERENT)
    configuration = next(each for each in experiment.configuration if each.name == CONFIGURATION)
    begin = time.perf_counter()
    small = compressed(setup, configuration)
    works = [one.work for one in recognise(small, setup)]
    answers = {"as trained": _hour(setup, small, works, time.perf_counter() - begin)}
    begin = time.perf_counter()
    large = draw(small, experiment.production, tile_layout(setup.device.chip), experiment.seed)
    works = [one.work for one in replayed(setup, large)]
    answers["production size"] = _hour(setup, large, works, time.perf_counter() - begin)
    return answers


def _hour(setup: Setup, network: CompressedNetwork, works: list[Work], before_s: float) -> dict[str, float]:
    begin = time.perf_counter()
    deployed = deploy(setup, setup.device, network, pipeline_of(setup, network))
    ready = [deployed.ready(work) for work in works]
    before_s += time.perf_counter() - begin

    def play(utterances: int, seconds: int) -> Session:
        speech = [Speech(index * EVERY_S * PS_PER_S, *ready[index % len(ready)]) for index in range(utterances)]
        return simulate_session(
            setup.device,
            speech,
            elapsed_ps=seconds * PS_PER_S,
            music=setup.music,
            peak_sram_bytes=deployed.peak_sram_bytes,
        )

    play(1, EVERY_S)
    cpu_s, wall_s, session = _timed(lambda: play(HOUR_S // EVERY_S, HOUR_S))
    whole = session.timeline
    return {
        "cpu_s": cpu_s,
        "wall_s": wall_s,
        "before_s": before_s,
        "heard": len(session.utterances),
        "steps": len(whole.step_done_ps),
        "mb": sum([*whole.dram_read_bytes.values(), *whole.dram_write_bytes.values()]) / 1e6,
        "underruns": whole.underruns,
    }


def _timed(action: Callable[[], Session]) -> tuple[float, float, Session]:
    cpu, wall = time.process_time(), time.perf_counter()
    answer = action()
    return time.process_time() - cpu, time.perf_counter() - wall, answer


@dataclass(frozen=True)
class Hardware:
    """One utterance of one network, to be run on any device."""

    device: Device
    network: CompressedNetwork
    work: Work
    music: MusicTrack | None


def devices(device: Device) -> list[Device]:
    """A thousand of them: every combination of `FACTORS`."""
    found = []
    for chosen in itertools.product(*(factors for _, factors in FACTORS)):
        made = device
        for (keys, _), factor in zip(FACTORS, chosen, strict=True):
            made = scaled(made, keys, factor)
        found.append(made)
    return found


def run_on(hardware: Hardware, chosen: list[Device]) -> list[int]:
    """Time to the final words on each device, picoseconds."""
    each = (Deployment(device, hardware.network) for device in chosen)
    return [deployed.play(hardware.work, music=hardware.music).elapsed_ps for deployed in each]


def _thousand() -> Figure:
    """The production-size network, from its bitstreams on: lane cycles, residency, schedules and simulation of each."""
    experiment, path = load_experiment(None)
    setup = make_setup(experiment, path, limit=1)
    configuration = next(each for each in experiment.configuration if each.name == CONFIGURATION)
    large = draw(compressed(setup, configuration), experiment.production, tile_layout(setup.device.chip), 1)
    hardware = Hardware(setup.device, large, replayed(setup, large)[0].work, setup.music)
    every = devices(setup.device)
    tasks = [every[at : at + AT_ONCE] for at in range(0, len(every), AT_ONCE)]
    begin, cpu = time.perf_counter(), os.times()
    found: list[int] = []
    with Pool(run_on, hardware, WORKERS) as pool:
        for _, answer in pool.answers(tasks):
            found += answer
    seconds = time.perf_counter() - begin
    after = os.times()
    spent = after.children_user + after.children_system - cpu.children_user - cpu.children_system
    note = (
        f"{len(set(found))} different times to the words, {min(found) / PS_PER_S:.3f} to "
        f"{max(found) / PS_PER_S:.3f} s; {WORKERS} processes, their start and lane cycles included; "
        f"wall-clock {seconds:.0f} s"
    )
    what = f"{len(found):,} runs of one utterance, production size, as many devices: processor time per core"
    return Figure(SECTION, what, spent / WORKERS, "s", RUNS_TARGET_S, at_most=True, note=note)


if __name__ == "__main__":
    print(json.dumps(measure()))
