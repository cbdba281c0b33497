"""What would take more memory or time than the budgets is refused by the key that asks for it, before any work."""

from __future__ import annotations

import msgspec
import pytest

from azsim import budget
from azsim.compare.effort import MOST_JOBS, check_memory, check_time
from azsim.compare.experiment import Configuration, Experiment, ProductionChoice
from azsim.devices.cpu_spec import BackgroundSpec
from azsim.devices.loader import load_device, scaled
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.speech.stages.stand_in import Layer, StandIn

AZ1 = load_device("az1")
SPEECH_MS = [3000] * 100
EXPERIMENT = Experiment("mine", "az1", "net", "set.csv", (Configuration("raw", "raw"), Configuration("zvsv", "zvsv")))


def with_decoder(streams: int) -> Device:
    decoder = msgspec.structs.replace(AZ1.chip.decoder, streams=streams)
    return msgspec.structs.replace(AZ1, chip=msgspec.structs.replace(AZ1.chip, decoder=decoder))


def test_what_ships_is_far_from_every_budget() -> None:
    check_memory(AZ1, "az1.toml", 45_000_000, "a network", "here")
    production = ProductionChoice(5, 1024, 2, 1024, 512, 512, 4000, utterances=12)
    experiment = msgspec.structs.replace(EXPERIMENT, production=production)
    check_time(AZ1, "az1.toml", experiment, "mine.toml", [3000] * 153, 2_000_000, 45_000_000)


def test_billions_of_weights_and_streams_without_end_are_refused() -> None:
    with budget.limited(4 << 30):
        said = r"mine\.toml: production: a network of 10,000,000,000 weights would take .* at most 4 GiB"
        with pytest.raises(InputError, match=said):
            check_memory(AZ1, "az1.toml", 10**10, "a network", "mine.toml: production")
        said = r"my\.toml: chip\.decoder\.streams = 65535, .*: 65,535 decoder streams in each of 2,747 tiles would take"
        with pytest.raises(InputError, match=said):
            check_memory(with_decoder(65_535), "my.toml", 45_000_000, "a network", "here")
        check_memory(with_decoder(64), "my.toml", 45_000_000, "a network", "here")


def test_a_clock_of_a_kilohertz_is_refused() -> None:
    slow = scaled(AZ1, ["chip.clock_mhz"], 0.001 / 400)
    with pytest.raises(InputError, match=r"az1\.toml: chip\.clock_mhz = 0\.001: 2 configurations .* at most 20 are"):
        check_time(slow, "az1.toml", EXPERIMENT, "mine.toml", SPEECH_MS, 2_000_000)
    check_time(scaled(AZ1, ["chip.clock_mhz"], 0.001), "az1.toml", EXPERIMENT, "mine.toml", SPEECH_MS, 2_000_000)


def test_jobs_every_hundredth_of_a_millisecond_are_refused() -> None:
    long_ms = [MOST_JOBS * 0.01]
    often = StandIn(name="vision", layers=(Layer("dense", 8, 8),), every_ms=0.01)
    busy = msgspec.structs.replace(EXPERIMENT, stage=(often,))
    with pytest.raises(InputError, match=r"mine\.toml: stage 'vision': every_ms = 0\.01: would be .* jobs over"):
        check_time(AZ1, "az1.toml", busy, "mine.toml", long_ms, 1000)
    background = (BackgroundSpec("ui", every_ms=0.01, cycles=1),)
    device = msgspec.structs.replace(AZ1, cpu=msgspec.structs.replace(AZ1.cpu, background=background))
    with pytest.raises(InputError, match=r"az1\.toml: cpu\.background 'ui': every_ms = 0\.01: would be .* jobs over"):
        check_time(device, "az1.toml", EXPERIMENT, "mine.toml", long_ms, 1000)
    check_time(device, "az1.toml", EXPERIMENT, "mine.toml", [3000], 1000)
