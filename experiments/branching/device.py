"""What a device does with each case: DRAM traffic and waits, with branches streamed, resident, swapped.

::

    trained network:   az1 with 1, 1.25, 2 MiB on the chip      streamed | planner | one branch at a time | planner
    production size:   az1 with its DRAM and a fraction of it   streamed: nothing of 24 MB fits
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from azsim.chip.build import tile_layout
from azsim.compare.experiment import ProductionChoice
from azsim.compare.production import shapes, skeleton
from azsim.compress.drawn import draw_network
from azsim.compress.network import CompressedNetwork
from azsim.deploy.deployment import Deployment
from azsim.deploy.swapping import SwappedDeployment, with_swaps
from azsim.devices.loader import scaled
from azsim.devices.spec import Device
from azsim.report.percentiles import percentile
from azsim.soc.timeline import Timeline
from azsim.speech.replay import replay
from azsim.speech.work import Work

MIB = 1 << 20
STREAMED, PLANNED, SWAPPED = "streamed", "planner", "one branch at a time"
MEMORIES = ((STREAMED, 1.0), (PLANNED, 1.0), (SWAPPED, 1.25), (PLANNED, 1.25), (PLANNED, 2.0))
"""Who keeps what in the processor's memory, and how large it is in MiB."""
DRAM_SHARES = (1.0, 0.25, 0.125)
"""Of az1's DRAM, what is left to speech while others use the rest."""
NARROWER = 8
"""Cells of a layer over the width of its small branch, as in the trained network."""
ARBITER_CELLS = 64
PS_PER_MS = 10**9


@dataclass(frozen=True)
class MeasuredCase:
    """A case on a device, over some utterances.

    Attributes:
        case: its label.
        network: ``trained`` or ``production``.
        memory, sram_mib, dram_share: which device.
        resident_bytes: weights that stay on the chip.
        dram_mb_per_s: what the processor reads in a second, 10^6 bytes.
        swaps_per_s: switches that fetched a branch.
        busy_percent: of the processor.
        wait_ms, wait_p90_ms: from the end-point to the final words, median and 90th percentile.
        utterances: that were played.
        early_cut: of those, how many the end-point cut before the true end of speech.
        latency_ms: user-perceived, from the true end of speech to the final words, median of the others, else NaN.
        backlog_ms: how far the last step is behind, its own work left out, median.
        late_percent: steps that ended after the next one's release.
    """

    case: str
    network: str
    memory: str
    sram_mib: float
    dram_share: float
    resident_bytes: int
    dram_mb_per_s: float
    swaps_per_s: float
    busy_percent: float
    wait_ms: float
    wait_p90_ms: float
    utterances: int
    early_cut: int
    latency_ms: float
    backlog_ms: float
    late_percent: float


def on_trained(
    case: str, device: Device, small: CompressedNetwork, rates: Mapping[str, float], works: Sequence[Work]
) -> list[MeasuredCase]:
    """The trained network with every kind of memory."""
    found = []
    for memory, mib in MEMORIES:
        if memory == SWAPPED and not small.network.has_branches:
            continue
        own = scaled(device, ["chip.sram.bytes"], mib * MIB / device.chip.sram.bytes)
        deployed = _deployed(memory, own, small, rates)
        lines = [_play(deployed, work) for work in works]
        found.append(_measured(case, "trained", memory, mib, 1.0, deployed, works, lines))
    return found


def _deployed(memory: str, device: Device, small: CompressedNetwork, rates: Mapping[str, float]) -> Deployment:
    if memory == SWAPPED:
        return SwappedDeployment(device, small, rates=rates)
    if memory == STREAMED:
        sram = msgspec.structs.replace(device.chip.sram, residency="streamed")
        device = msgspec.structs.replace(device, chip=msgspec.structs.replace(device.chip, sram=sram))
    return Deployment(device, small, rates=rates)


def _play(deployed: Deployment, work: Work) -> tuple[Timeline, int]:
    """One utterance from a wake-up on, and how often a branch was swapped in."""
    swapped = isinstance(deployed, SwappedDeployment)
    swaps = sum(job.name in deployed.swaps for job in with_swaps(work).jobs) if swapped else 0
    return deployed.play(work, music=None), swaps


def _measured(
    case: str,
    network: str,
    memory: str,
    mib: float,
    dram_share: float,
    deployed: Deployment,
    works: Sequence[Work],
    lines: Sequence[tuple[Timeline, int]],
) -> MeasuredCase:
    timelines = [line for line, _ in lines]
    elapsed_s = sum(line.elapsed_ps for line in timelines) / 1e12
    parts = [line.latency for line in timelines if line.latency]
    waits_ms = [part.wait_ps / PS_PER_MS for part in parts]
    steps = sum(work.steps for work in works)
    totals_ps = [line.latency.total_ps for line in timelines if line.latency and not line.early_cut]
    whole_ms = [total_ps / PS_PER_MS for total_ps in totals_ps if total_ps is not None]
    return MeasuredCase(
        case=case,
        network=network,
        memory=memory,
        sram_mib=mib,
        dram_share=dram_share,
        resident_bytes=deployed.resident_bytes,
        dram_mb_per_s=sum(line.dram_read_bytes.get("npu", 0) for line in timelines) / elapsed_s / 1e6,
        swaps_per_s=sum(count for _, count in lines) / elapsed_s,
        busy_percent=100 * sum(line.busy_ps["npu"] for line in timelines) / 1e12 / elapsed_s,
        wait_ms=float(np.median(waits_ms)),
        wait_p90_ms=percentile(waits_ms, 90),
        utterances=len(timelines),
        early_cut=sum(line.early_cut for line in timelines),
        latency_ms=float(np.median(whole_ms)) if whole_ms else float("nan"),
        backlog_ms=float(np.median([part.backlog_ps / PS_PER_MS for part in parts])),
        late_percent=100 * sum(line.deadline_misses for line in timelines) / steps,
    )


def production_network(
    choice: ProductionChoice, trained: CompressedNetwork, device: Device, has_arbiter: bool, seed: int
) -> CompressedNetwork:
    """The production-size recogniser, with branches if the trained one has them, its weights drawn from that one's."""
    found, sources = dict(shapes(choice)), {}
    cells = choice.encoder_units
    rank = cells // NARROWER
    for layer in range(choice.encoder_layers if trained.network.has_branches else 0):
        columns = found[f"encoder.{layer}.input"][1]
        found[f"encoder.{layer}.small.input"] = (rank, columns)
        found[f"encoder.{layer}.small.recurrent"] = (rank, cells)
        found[f"encoder.{layer}.small.expand"] = (4 * cells, rank)
    if has_arbiter:
        found["arbiter.0.input"] = (4 * ARBITER_CELLS, found["encoder.0.input"][1])
        found["arbiter.0.recurrent"] = (4 * ARBITER_CELLS, ARBITER_CELLS)
        found["arbiter.score"] = (1, ARBITER_CELLS)
    for name in found:
        part, layer, *role = name.split(".")
        layers = trained.network.layers(part) if role else 0
        sources[name] = ".".join((part, str(min(int(layer), layers - 1)), *role)) if layers else name
    plain = skeleton(choice)
    sizes: dict[str, tuple[int, ...]] = {**found}
    for name, (rows, _) in found.items():
        if name.endswith((".small.expand", "arbiter.0.input")):
            sizes[f"{name.rsplit('.', 1)[0]}.bias"] = (rows,)
    if has_arbiter:
        sizes["arbiter.score_bias"] = (1,)
    parameters = {**plain.parameters, **{name: np.broadcast_to(np.float32(0), size) for name, size in sizes.items()}}
    return draw_network(trained, replace(plain, parameters=parameters), found, sources, tile_layout(device.chip), seed)


def on_production(
    case: str, device: Device, large: CompressedNetwork, works: Sequence[tuple[Work, tuple[int, ...]]]
) -> list[MeasuredCase]:
    """The production-size network, streamed, with fractions of the DRAM; ``works``: with the steps of their labels."""
    programs = large.network.programs()
    replayed = [replay(work, label_steps, programs) for work, label_steps in works]
    found = []
    for share in DRAM_SHARES:
        own = scaled(device, ["memory.peak_gbps"], share)
        deployed = _deployed(STREAMED, own, large, {})
        lines = [_play(deployed, work) for work in replayed]
        mib = own.chip.sram.bytes / MIB
        found.append(_measured(case, "production", STREAMED, mib, share, deployed, replayed, lines))
    return found
