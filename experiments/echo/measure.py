"""The same speech heard with the music at several levels, and the same music with and without speech beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from azsim.compare.echo import EchoInMicrophone, with_echo_canceller
from azsim.compare.experiment import EchoChoice, Experiment, load_experiment, music_of, speech_of
from azsim.compare.runner import make_setup
from azsim.compare.setup import Setup, compressed
from azsim.compare.speech_set import load_speech
from azsim.compare.trained import describe, play
from azsim.devices.cpu_spec import BackgroundSpec, CpuPrioritySpec
from azsim.devices.spec import Device
from azsim.report.metrics import make_row
from azsim.report.results import ConfigurationResult, UtteranceResult
from azsim.soc.device import DeviceSimulation

LEVELS_DB = (-10.0, 0.0, 10.0)
"""Of the echo against the speech, at the microphone."""
TIGHT = {"periods": 2, "period_frames": 256}
"""A ring of 10.7 ms: the low-latency end of what audio drivers offer (2 periods of about 5 ms)."""
LOAD = BackgroundSpec(name="other applications", every_ms=5.0, cycles=1_200_000, arrivals="poisson")
"""40 % of the slowest core, in jobs of 2 ms; `assumed`."""


@dataclass(frozen=True)
class PlayedMusic:
    """Music of one device over all utterances, with or without speech beside it."""

    device: str
    speech: bool
    seconds: float
    underruns: int
    refills_ms: np.ndarray

    @property
    def underruns_per_hour(self) -> float:
        """Underruns in an hour of playback."""
        return 3600 * self.underruns / self.seconds


@dataclass(frozen=True)
class EchoCondition:
    """One way of hearing the speech."""

    name: str
    level_db: float | None
    cancelled: bool
    row: ConfigurationResult
    erle_db: tuple[float, ...]
    cpu_share: float


def chosen_experiment(device: str) -> tuple[Experiment, Path]:
    """The shipped comparison with its first configuration of the article's kind, on a device."""
    experiment, path = load_experiment(None)
    configuration = next(one for one in experiment.configuration if one.codec == "zvsv")
    changes = {"configuration": (configuration,), "cloud": None, "production": None, "sensitivity": None}
    return msgspec.structs.replace(experiment, device=device, **changes), path


def hear(setup: Setup, path: Path, choice: EchoChoice, limit: int | None) -> tuple[Setup, tuple[float, ...]]:
    """The same comparison with the music in its microphone, and how far each recording's echo was cancelled."""
    experiment = setup.experiment
    device = with_echo_canceller(setup.device, choice)
    echo = EchoInMicrophone(choice, setup.music, music_of(experiment, path), device.audio, experiment.seed)
    utterances = load_speech(speech_of(experiment, path), limit, heard=echo)
    return replace(setup, device=device, utterances=tuple(utterances)), tuple(echo.erle_db)


def run(setup: Setup) -> list[UtteranceResult]:
    """Every utterance through the one configuration on the device."""
    return list(play(setup, compressed(setup, setup.experiment.configuration[0])).results)


def with_speech(name: str, results: Sequence[UtteranceResult]) -> PlayedMusic:
    """The music of a run."""
    timings = [result.timing for result in results]
    refills_ms = np.concatenate([np.array(timing.refills_ms) for timing in timings])
    seconds = sum(timing.elapsed_ms for timing in timings) / 1000
    return PlayedMusic(name, True, seconds, sum(timing.underruns for timing in timings), refills_ms)


def without_speech(name: str, setup: Setup, results: Sequence[UtteranceResult]) -> PlayedMusic:
    """The same music from the same moments for as long, and nobody speaks."""
    underruns, refills_ms, seconds = 0, [], 0.0
    for index, result in enumerate(results):
        elapsed_ps = round(result.timing.elapsed_ms * 1e9)
        simulation = DeviceSimulation(setup.device, setup.music, setup.experiment.seed + index)
        simulation.env.run(until=elapsed_ps)
        underruns += simulation.underruns
        refills_ms.append(simulation.refills_ps() / 1e9)
        seconds += elapsed_ps / 1e12
    return PlayedMusic(name, False, seconds, underruns, np.concatenate(refills_ms))


def tight(device: Device, priorities: bool = True) -> Device:
    """The device with one core at its slowest clock, other applications on it, a short ring, maybe no priorities."""
    slowest = min(point.clock_mhz for point in device.cpu.operating_points)
    cpu = msgspec.structs.replace(device.cpu, cores=1, clock_mhz=slowest, background=(LOAD,))
    if not priorities:
        tasks = {name: msgspec.structs.replace(task, priority=0) for name, task in cpu.tasks.items()}
        cpu = msgspec.structs.replace(cpu, priority=CpuPrioritySpec(0, 0, 0, 0), tasks=tasks)
    return msgspec.structs.replace(device, cpu=cpu, audio=msgspec.structs.replace(device.audio, **TIGHT))


def condition(
    name: str,
    choice: EchoChoice | None,
    setup: Setup,
    results: list[UtteranceResult],
    baseline: list[UtteranceResult],
    erle_db: tuple[float, ...] = (),
) -> EchoCondition:
    """What one way of hearing gave, compared utterance by utterance with hearing no music."""
    small = compressed(setup, setup.experiment.configuration[0])
    row = make_row(describe(small), results, baseline, seed=setup.experiment.seed)
    busy_ms = sum(result.timing.busy_ms["cpu"] for result in results)
    share = busy_ms / sum(result.timing.elapsed_ms for result in results) / setup.device.cpu.cores
    return EchoCondition(name, choice and choice.level_db, bool(choice and choice.cancel), row, erle_db, share)


def measure(device: str, limit: int | None) -> tuple[list[EchoCondition], list[PlayedMusic], Setup]:
    """All conditions and all music, from one pass over the speech per condition."""
    experiment, path = chosen_experiment(device)
    setup = make_setup(experiment, path, limit=limit)
    silent = run(replace(setup, music=None))
    beside_it = run(setup)
    conditions = [
        condition("no music", None, setup, silent, silent),
        condition("music, none of it in the microphone", None, setup, beside_it, silent),
    ]
    music = []
    for level_db in LEVELS_DB:
        for cancel in (False, True):
            choice = EchoChoice(level_db=level_db, cancel=cancel)
            heard, erle_db = hear(setup, path, choice, limit)
            results = run(heard)
            name = f"echo at {level_db:+g} dB{', cancelled' if cancel else ''}"
            conditions.append(condition(name, choice, heard, results, silent, erle_db))
            print(name, f"WER {conditions[-1].row.wer_percent:.1f} %", flush=True)
            if cancel and level_db == 0.0:
                music.append(with_speech(heard.device.name, results))
                music.append(without_speech(heard.device.name, heard, results))
                for label, priorities in (("one slow core", True), ("one slow core, no priorities", False)):
                    loaded = replace(heard, device=tight(heard.device, priorities))
                    results = run(loaded)
                    music.append(with_speech(label, results))
                    music.append(without_speech(label, loaded, results))
    return conditions, music, setup
