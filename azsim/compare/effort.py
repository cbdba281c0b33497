"""How much work an experiment asks for, estimated before any of it is done; what is beyond a stated budget is refused.

::

    weights, decoder streams ──> memory        budget.require (--max-memory)
    clock, speech ─────────────> device time   at most `MOST_DEVICE_HOURS`
    every_ms, speech ──────────> jobs          at most `MOST_JOBS`
"""

from __future__ import annotations

from collections.abc import Sequence

from azsim import budget
from azsim.compare.experiment import Experiment
from azsim.deploy.matvec import STREAM_BYTES
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.speech.features import STEP_MS

WEIGHT_BYTES = 12
"""Of memory for each weight while a network is drawn and encoded; measured on a production-size network, rounded up."""
MOST_DEVICE_HOURS = 20.0
"""Of a device's time in all; an hour with music takes a core about half a minute."""
MOST_JOBS = 50_000_000
"""Jobs of other networks and other programs in all; a core does some ten thousand a second."""


def check_memory(device: Device, device_file: str, weights: int, what: str, where: str) -> None:
    """Refuse networks whose weights, or whose decoder streams, would not fit into the memory of this computer.

    Args:
        device: that they are encoded for.
        device_file: what messages name for it.
        weights: of the largest network.
        what: that network, for the message.
        where: file and key that ask for it.

    Raises:
        InputError: they would take more than the budget.
    """
    budget.require(WEIGHT_BYTES * weights, what=f"{what} of {weights:,} weights", where=where)
    streams, chip = device.chip.decoder.streams, device.chip
    tiles = -(-weights // min(chip.sram.tile_positions, max(1, weights)))
    budget.require(
        STREAM_BYTES * streams * tiles,
        what=f"{streams:,} decoder streams in each of {tiles:,} tiles",
        where=f"{device_file}: chip.decoder.streams = {streams}, chip.sram.tile_positions = {chip.sram.tile_positions}",
    )


def check_time(
    device: Device,
    device_file: str,
    experiment: Experiment,
    source: str,
    audio_ms: Sequence[int],
    trained: int,
    untrained: int = 0,
) -> None:
    """Refuse an experiment whose devices would run, or do small jobs, for longer than anyone waits.

    Args:
        device, device_file: what it runs on.
        experiment: configurations, stages.
        source: who asks, for messages.
        audio_ms: length of each recording.
        trained: weights of the network that runs over all of them.
        untrained: of the production-size one, which runs over some.

    Raises:
        InputError: device time or jobs are above the budget.
    """
    chip, runs = device.chip, len(experiment.configuration)
    steps = sum(audio_ms) / (STEP_MS * experiment.frames_per_step)
    share = min(1.0, experiment.production.utterances / max(1, len(audio_ms))) if experiment.production else 0.0
    read = steps * (trained + share * untrained)  # weights, at least once a step
    seconds = read / (chip.weight_reads_per_cycle * 1e6 * chip.clock_mhz)
    hours = runs * max(seconds, (1 + share) * sum(audio_ms) / 1000) / 3600
    if hours > MOST_DEVICE_HOURS:
        raise InputError(
            f"{device_file}: chip.clock_mhz = {chip.clock_mhz:g}: {runs} configurations over this speech would take "
            f"{hours:,.0f} hours of the device's time; at most {MOST_DEVICE_HOURS:g} are simulated: give it a faster "
            "clock, or less speech (--utterances)"
        )
    periods = [
        (f"{source}: stage {stage.title!r}: every_ms = {stage.always_on.every_ms:g}", stage.always_on.every_ms)
        for stage in experiment.stage
        if stage.on and stage.always_on
    ]
    periods += [
        (f"{device_file}: cpu.background {load.name!r}: every_ms = {load.every_ms:g}", load.every_ms)
        for load in device.cpu.background
    ]
    for where, every_ms in periods:
        jobs = 3600e3 * hours / every_ms
        if jobs > MOST_JOBS:
            raise InputError(
                f"{where}: would be {jobs:,.0f} jobs over this speech; at most {MOST_JOBS:,} are simulated: let it run "
                "less often, or take less speech (--utterances)"
            )
