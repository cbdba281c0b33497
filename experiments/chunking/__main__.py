"""Frames per step: what gathering encoder steps into one run saves in weight traffic, and what it costs in delay.

    python -m experiments.chunking [--out reports/chunking] [--utterances 6]

The trained recogniser and the production-size drawn one, 5-bit `zvsv` at 50 % zeros, on az1 with music playing; 1, 2,
4 and 8 steps of 30 ms per run; weights resident as planned, all streamed, and (production size) planned for 16 MiB of
on-chip memory. Input-side matrices are then fetched once per run, recurrent ones once per frame unless they are
resident. Writes chunking.csv, chunking.svg, chunking.png
and README.md.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import msgspec
import numpy as np
from matplotlib.figure import Figure

from azsim.chip.build import tile_layout
from azsim.compare.experiment import load_experiment
from azsim.compare.production import draw
from azsim.compare.runner import make_setup
from azsim.compare.setup import Setup, compressed
from azsim.compare.trained import recognise
from azsim.compress.network import CompressedNetwork
from azsim.deploy.deployment import Deployment
from azsim.devices.spec import Device
from azsim.report.figures.style import COLOURS, WIDTH_INCHES, report_style, write_figure
from azsim.report.page import write_page
from azsim.soc.timeline import Timeline
from azsim.speech.conclusion import Recognition
from azsim.speech.gather import gather
from azsim.speech.replay import replay
from azsim.speech.work import Work
from experiments.options import options_of

STEPS = (1, 2, 4, 8)
STEP_MS = 30
LARGE_SRAM_BYTES = 16 << 20
RESIDENCIES = {
    "planned": "resident as planned, 1 MiB",
    "streamed": "all streamed",
    "planned, 16 MiB": "resident as planned, 16 MiB",
}
CONFIGURATION = "5-bit zvsv 50%"
COMMAND = "python -m experiments.chunking --out reports/chunking"


@dataclass(frozen=True, slots=True)
class ChunkingPoint:
    """One network, residency and number of frames per step, over all utterances.

    Attributes:
        npu_mb_per_s: bytes that the processor fetches while the utterance is heard, per second of it, reload included.
        encoder_bytes_per_step: fetched for the encoder per 30 ms.
        sound_to_words_ms: from the beginning of a step's sound to the end of the jobs that heard it, median of steps.
        wait_ms: from the end-point to the final words, median.
        user_ms: from the true end of speech to the final words, median of the utterances that no end-point cuts short
            at one frame per step.
    """

    network: str
    residency: str
    frames_per_step: int
    resident_kib: float
    npu_mb_per_s: float
    encoder_bytes_per_step: float
    npu_busy_percent: float
    sound_to_words_ms: float
    wait_ms: float
    user_ms: float
    late_steps: int


def measure(setup: Setup) -> list[ChunkingPoint]:
    """Both networks, both residencies, all numbers of frames."""
    configuration = next(c for c in setup.experiment.configuration if c.name == CONFIGURATION)
    trained = compressed(setup, configuration)
    recognitions = recognise(trained, setup)
    works = [recognition.work for recognition in recognitions]
    whole = [not work.premature and work.end_pointing_ms is not None for work in works]
    reduction = trained.network.time_reduction
    large = draw(trained, setup.experiment.production, tile_layout(setup.device.chip), setup.experiment.seed)
    replayed = [_on_large(recognition, large) for recognition in recognitions]
    return [
        _point(setup, name, small, residency, steps, [gather(work, steps, every) for work in runs], whole)
        for name, small, runs, every in (
            ("trained", trained, works, reduction),
            ("production size", large, replayed, 1),
        )
        for residency in RESIDENCIES
        if small is large or residency != "planned, 16 MiB"
        for steps in STEPS
    ]


def _on_large(recognition: Recognition, large: CompressedNetwork) -> Work:
    return replay(recognition.work, recognition.transcript.label_steps, large.network.programs())


def _point(
    setup: Setup,
    name: str,
    small: CompressedNetwork,
    residency: str,
    steps: int,
    works: Sequence[Work],
    whole: Sequence[bool],
) -> ChunkingPoint:
    device = _device(setup.device, residency)
    deployed = Deployment(device, small, frames_per_step=steps)
    lines: list[Timeline] = [
        deployed.play(work, music=setup.music, seed=setup.experiment.seed + index) for index, work in enumerate(works)
    ]
    fetched = deployed.step().fetch_bytes
    uncut_ps = [line.latency.total_ps for line, kept in zip(lines, whole, strict=True) if kept and line.latency]
    waits = [line.latency.wait_ps for line in lines if line.latency]
    delays = np.concatenate([line.step_done_ps - line.step_release_ps for line in lines]) / 1e9
    return ChunkingPoint(
        network=name,
        residency=residency,
        frames_per_step=steps,
        resident_kib=deployed.resident_bytes / 1024,
        npu_mb_per_s=sum(line.dram_read_bytes["npu"] for line in lines) / sum(line.elapsed_ps for line in lines) * 1e6,
        encoder_bytes_per_step=fetched,
        npu_busy_percent=100 * sum(line.busy_ps["npu"] for line in lines) / sum(line.elapsed_ps for line in lines),
        sound_to_words_ms=STEP_MS * steps + float(np.median(delays)),
        wait_ms=float(np.median(waits)) / 1e9,
        user_ms=float(np.median(uncut_ps)) / 1e9,
        late_steps=sum(line.deadline_misses for line in lines),
    )


def _device(device: Device, residency: str) -> Device:
    sram = device.chip.sram
    if residency == "streamed":
        sram = msgspec.structs.replace(sram, residency="streamed")
    elif residency != "planned":
        sram = msgspec.structs.replace(sram, bytes=LARGE_SRAM_BYTES)
    return msgspec.structs.replace(device, chip=msgspec.structs.replace(device.chip, sram=sram))


def draw_figure(points: Sequence[ChunkingPoint]) -> Figure:
    """Traffic against delay, one panel per network."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.6), layout="constrained")
    networks = list(dict.fromkeys(point.network for point in points))
    for axes, name in zip(figure.subplots(1, len(networks)), networks, strict=True):
        for colour, (residency, label) in zip(COLOURS, RESIDENCIES.items(), strict=False):
            line = [point for point in points if point.network == name and point.residency == residency]
            if not line:
                continue
            delays = [point.sound_to_words_ms for point in line]
            axes.plot(delays, [point.npu_mb_per_s for point in line], "o-", color=colour, label=label)
            for point in line:
                axes.annotate(
                    str(point.frames_per_step),
                    (point.sound_to_words_ms, point.npu_mb_per_s),
                    xytext=(4, 4),
                    textcoords="offset points",
                    fontsize=8,
                )
        axes.set_title(f"{name} (numbers: frames per step)")
        axes.set_xlabel("Sound to words (ms, median step)")
        axes.set_ylim(bottom=0)
        axes.legend()
    figure.axes[0].set_ylabel("Weight traffic (MB/s of speech)")
    return figure


def readme(points: Sequence[ChunkingPoint], utterances: int) -> str:
    """The page."""
    found = {(p.network, p.residency, p.frames_per_step): p for p in points}
    head = (
        "| network | weights | frames per step | resident KiB | traffic MB/s | NPU busy % | sound to words ms "
        "| end-point to words ms | end of speech to words ms | deadline misses |"
    )
    lines = [head, "|:--|:--|" + "--:|" * 8]
    lines += [
        f"| {p.network} | {p.residency} | {p.frames_per_step} | {p.resident_kib:.0f} | {p.npu_mb_per_s:.1f} "
        f"| {p.npu_busy_percent:.1f} | {p.sound_to_words_ms:.0f} | {p.wait_ms:.1f} | {p.user_ms:.0f} | {p.late_steps} |"
        for p in points
    ]
    table = "\n".join(lines)
    one, eight = found["production size", "streamed", 1], found["production size", "streamed", 8]
    small, large = (found["production size", kind, 8] for kind in ("planned", "planned, 16 MiB"))
    share = 100 * eight.encoder_bytes_per_step / one.encoder_bytes_per_step
    growth = [
        twice.sound_to_words_ms / p.sound_to_words_ms
        for p in points
        if (twice := found.get((p.network, p.residency, 2 * p.frames_per_step)))
    ]

    def mb(point: ChunkingPoint) -> str:
        return f"{point.encoder_bytes_per_step / 1e6:.1f}"

    return f"""# Frames per step

    {COMMAND}

{utterances} utterances, configuration "{CONFIGURATION}", az1, music playing. A step takes
{", ".join(map(str, STEPS))} frames of {STEP_MS} ms: the encoder then runs once per step, its input-side
weights are fetched once, its recurrent weights once per frame unless they are resident. Words wait for the end of their
step, and so does the end-point.

![traffic against delay](chunking.svg)

{table}

* Production size, all streamed: the encoder fetches {mb(one)} MB per {STEP_MS} ms at one frame per step, and
  {mb(eight)} MB at {eight.frames_per_step} ({share:.0f} %). Recurrent weights are fetched once per frame all the same;
  only memory that holds them helps there. With the device's memory the plan keeps {small.resident_kib:,.0f} KiB at
  {small.frames_per_step} frames and the encoder fetches {mb(small)} MB; with {LARGE_SRAM_BYTES >> 20} MiB it keeps
  {large.resident_kib:,.0f} KiB and the encoder fetches {mb(large)} MB.
* Twice the frames per step make the time from sound to words {min(growth):.2f} to {max(growth):.2f} times as long.
* Sums and inputs of all frames stay on the chip while a tile is shared; that takes room from resident weights.
"""


def write(points: Sequence[ChunkingPoint], utterances: int, out: Path) -> None:
    """The folder's four files."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "chunking.csv", "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow([field.name for field in fields(ChunkingPoint)])
        table.writerows([f"{v:.6g}" if isinstance(v, float) else v for v in astuple(point)] for point in points)
    with report_style():
        figure = draw_figure(points)
        write_figure(figure, "chunking", out)
    write_page(out, readme(points, utterances))


def main() -> None:
    """Measure, draw, write."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "chunking")
    options.add_argument("--utterances", type=int, default=6)
    chosen = options.parse_args()
    experiment, path = load_experiment(None)
    setup = make_setup(experiment, path, limit=chosen.utterances)
    points = measure(setup)
    write(points, len(setup.utterances), chosen.out)
    for point in points:
        print(point)


if __name__ == "__main__":
    main()
