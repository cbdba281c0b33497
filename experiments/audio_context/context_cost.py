"""What keeping the encoder's state costs on the chip: the wake word's steps, computed when it has ended.

::

    sound     │ wake word │ command ...
    encoder               ▓▓▓░ ░ ░ ░ ░        the buffered steps at once, then step by step
                          └┘ catching up
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

import azsim
from azsim.chip.build import tile_layout
from azsim.chip.energy import schedule_energy
from azsim.chip.schedule import TileSchedule
from azsim.compare.experiment import load_experiment
from azsim.compare.production import draw
from azsim.compress.network import CompressedNetwork
from azsim.deploy.deployment import Deployment
from azsim.devices import Device
from azsim.nn.rnnt.network import Network
from azsim.resources import shipped
from azsim.speech.bounds import SpeechBounds
from azsim.speech.recogniser import recognise_many
from azsim.speech.replay import replay
from azsim.speech.work import Work, chained
from azsim.train.calibrate import calibrate
from azsim.train.corpus.wake_streams import QUIET, SAME
from experiments.studies.streams import Streams

DEVICE = "az1"
CODEC, WEIGHT_BITS, SPARSITY = "zvsv", 5, 0.5
STREAMS = 24


@dataclass(frozen=True)
class Cost:
    """Of one network, medians over streams.

    Attributes:
        steps: encoder steps of 30 ms until the wake word ends.
        macs: products of weights that are not zero, of those steps.
        fetched_bytes: from the DRAM, of those steps.
        microjoules: of those steps, DRAM traffic included.
        whole_macs: of the encoder until the end-point, those steps included.
        catching_up_ms: from the end of the wake word until the encoder has heard it.
        later_ms: final words later than with the state reset.
    """

    network: str
    steps: float
    macs: float
    fetched_bytes: float
    microjoules: float
    whole_macs: float
    catching_up_ms: float
    later_ms: float


def cost_of_context(network: Network, streams: Streams) -> str:
    """The section of the report: the trained network and one of production size."""
    device = azsim.load_device(DEVICE)
    chosen = [
        i
        for i, u in enumerate(streams.utterances)
        if u.line.wake_voice == SAME and u.line.background == QUIET and not u.is_real
    ][:STREAMS]
    scales = calibrate(network, streams.kept.calibration)
    small = azsim.compress(
        replace(network, activation_scales=scales),
        codec=CODEC,
        weight_bits=WEIGHT_BITS,
        sparsity=SPARSITY,
        layout=tile_layout(device.chip),
    )
    bounds = [SpeechBounds(None, round(streams.utterances[i].line.speech_end_ms)) for i in chosen]
    wakes = [streams.kept.wake_end_ms[i] for i in chosen]
    features = [streams.kept.features[i] for i in chosen]
    kept = recognise_many(small, features, bounds=bounds, wake_end_ms=wakes)
    production = load_experiment(shipped("experiments", "compression/compression.toml"))[0].production
    large = draw(small, production, tile_layout(device.chip), 1)
    programs = large.network.programs()
    found = [
        _cost("trained", device, small, [each.work for each in kept]),
        _cost(
            "production size",
            device,
            large,
            [replay(each.work, each.transcript.label_steps, programs) for each in kept],
        ),
    ]
    return section(found, len(chosen))


def _cost(name: str, device: Device, small: CompressedNetwork, works: Sequence[Work]) -> Cost:
    deployed = Deployment(device, small)
    schedules = deployed.schedules
    rows = []
    for work in works:
        line, without = (
            deployed.play(each, music=None) for each in (work, _reset(work))
        )
        waking = Counter(j.name for j in work.jobs if j.step < work.wake_steps and j.name.startswith("encoder."))
        whole = Counter(job.name for job in work.jobs if job.name.startswith("encoder."))
        last = work.wake_steps - 1
        rows.append(
            (
                work.wake_steps,
                _sum(waking, schedules, "products"),
                _sum(waking, schedules, "fetch_bytes"),
                _microjoules(waking, schedules, device),
                _sum(whole, schedules, "products"),
                (int(line.step_done_ps[last]) - int(line.step_release_ps[last])) / 1e9,
                (line.latency.wait_ps - without.latency.wait_ps) / 1e9 if line.latency and without.latency else 0.0,
            )
        )
    return Cost(name, *np.median(np.array(rows, np.float64), axis=0).tolist())


def _reset(work: Work) -> Work:
    """The same words at the same times, without the wake word's encoder steps."""
    jobs = [job for job in work.jobs if job.step >= work.wake_steps or not job.name.startswith("encoder.")]
    return replace(work, jobs=chained(jobs))


def _sum(runs: Mapping[str, int], schedules: Mapping[str, TileSchedule], part: str) -> float:
    return float(sum(count * int(getattr(schedules[name], part).sum()) for name, count in runs.items()))


def _microjoules(runs: Mapping[str, int], schedules: Mapping[str, TileSchedule], device: Device) -> float:
    energy = device.chip.energy
    return sum(
        count * sum(schedule_energy(schedules[name], energy, device.memory).values()) / 1e6
        for name, count in runs.items()
    )


def section(costs: Sequence[Cost], streams: int) -> str:
    """The text and table of costs, sizes in KiB of 1,024 bytes."""
    lines = [
        "## What it costs on the chip\n",
        f"Medians of {streams} streams on `{DEVICE}`, {WEIGHT_BITS} bits and {SPARSITY:.0%} zeros (`{CODEC}`), weights "
        "resident as planned, no music. The device finds the wake word when it has ended, so the encoder catches up on "
        "it from a buffer of features then; without context these steps are not computed at all.\n",
        "| network | wake word, steps | MACs of them | of all encoder MACs | fetched KiB | energy uJ | catching up ms "
        "| final words later by ms |",
        "|:--|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {c.network} | {c.steps:.0f} | {c.macs / 1e6:.1f} M | {c.macs / c.whole_macs:.0%} "
        f"| {c.fetched_bytes / 1024:,.0f} | {c.microjoules:,.0f} | {c.catching_up_ms:.1f} | {c.later_ms:.2f} |"
        for c in costs
    ]
    return "\n".join(lines) + "\n"
