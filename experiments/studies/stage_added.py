"""What one stage of the pipeline adds on the device: the same recordings with it on and off.

::

    recordings ──compare, stage off──> latency, energy ──┐
               └─compare, stage on───> latency, energy ──┴──> Added, and the stage's own line of stages.csv
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from azsim.compare.experiment import load_experiment
from azsim.compare.runner import compare, make_setup
from azsim.report.results import Comparison, StageCost
from azsim.speech.stage import Stage

CONFIGURATIONS = ("int8 raw", "5-bit zvsv 50%")
"""Of the shipped comparison: the densest, and the usual one."""


@dataclass(frozen=True)
class Added:
    """A stage under one configuration: its own cost, and latency and energy of an utterance without and with it."""

    config: str
    bitstream_bytes: int
    resident_bytes: int
    npu_share_percent: float
    cpu_ms: float
    dram_kib: float
    known_p50_ms: float | None
    stage_energy_mj: float
    latency_off_ms: float
    latency_on_ms: float
    energy_off_mj: float
    energy_on_mj: float


def stage_added(stage: Stage, manifest: Path, most: int) -> tuple[list[Added], Comparison]:
    """One row for each of `CONFIGURATIONS`, and the comparison with the stage.

    Args:
        stage: as an experiment would have it.
        manifest: of the recordings.
        most: recordings at most.
    """
    off, on = (_compared(replace(stage, on=is_on), manifest, most) for is_on in (False, True))
    costs = {one.config: one for one in on.stages if one.stage == stage.title}
    rows = []
    for before, after in zip(off.rows, on.rows, strict=True):
        own: StageCost = costs[after.config]
        rows.append(
            Added(
                after.config,
                own.bitstream_bytes,
                own.resident_bytes,
                100 * own.npu_share,
                own.cpu_ms_per_utterance,
                own.dram_bytes_per_utterance / 1024,
                own.latency_p50_ms,
                own.energy_mj_per_utterance,
                before.latency_p50_ms,
                after.latency_p50_ms,
                before.energy_mj_per_utterance,
                after.energy_mj_per_utterance,
            )
        )
    return rows, on


def _compared(stage: Stage, manifest: Path, most: int) -> Comparison:
    experiment, path = load_experiment(None)
    chosen = tuple(one for one in experiment.configuration if one.name in CONFIGURATIONS)
    only = replace(experiment, name=stage.title, configuration=chosen, stage=(stage,))
    only = replace(only, production=None, sensitivity=None, cloud=None)
    return compare(make_setup(only, path, manifest, most))


def added_table(rows: Sequence[Added], recordings: int) -> str:
    """In Markdown, with what its columns mean."""
    lines = [
        "| configuration of the recogniser | bytes | of them in SRAM | NPU share | CPU ms | DRAM KiB "
        "| known after, p50 ms | energy of the stage, mJ | latency p50 off, on, ms | energy off, on, mJ |",
        "|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        known = "" if row.known_p50_ms is None else f"{row.known_p50_ms:.1f}"
        lines.append(
            f"| {row.config} | {row.bitstream_bytes:,} | {row.resident_bytes:,} | {row.npu_share_percent:.2f} % "
            f"| {row.cpu_ms:.2f} | {row.dram_kib:,.0f} | {known} | {row.stage_energy_mj:.3f} "
            f"| {row.latency_off_ms:.1f}, {row.latency_on_ms:.1f} | {row.energy_off_mj:.1f}, {row.energy_on_mj:.1f} |"
        )
    about = (
        f"Of an utterance, mean over {recordings} recordings, with music playing, on az1; one residency plan for all "
        "networks. The share is of the processor's time, each job alone on the chip."
    )
    return "\n".join([*lines, "", about])
