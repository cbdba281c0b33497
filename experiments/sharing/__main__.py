"""Sharing the processor: where a job may be interrupted and who goes first, with five networks at production size.

    python -m experiments.sharing [--out reports/sharing] [--utterances 10] [--workers 2]

The production-size recogniser and the stand-ins of experiments/sharing/companions.toml (whisper detection, speaker
identification, NLU, vision) on az1, music playing, in two compression configurations: run to completion, interruption
at the end of a layer, at the end of a tile, each with the priorities of the file, the recogniser before all others, and
all equal. Writes sharing.csv, sharing.svg, sharing.png and README.md.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

import msgspec
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from azsim.compare.experiment import load_experiment
from azsim.compare.pool import Pool
from azsim.compare.runner import make_setup
from azsim.devices import load_device
from azsim.report.figures.style import ALERT, COLOURS, WIDTH_INCHES, report_style, write_figure
from azsim.report.page import write_page
from azsim.resources import shipped
from azsim.speech.features import STEP_MS
from experiments.options import options_of
from experiments.sharing.responses import ORDERS, PREEMPTIONS, RECOGNISER, Response, measure

COMMAND = "python -m experiments.sharing --out reports/sharing"
TICKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


def draw(rows: Sequence[Response]) -> Figure:
    """A panel per configuration: 99th percentiles in periods, a band per network, a line of it per order."""
    figure = Figure(figsize=(WIDTH_INCHES, 5.2), layout="constrained")
    configs, networks = (
        list(dict.fromkeys(row.config for row in rows)),
        list(dict.fromkeys(row.network for row in rows)),
    )
    panels = figure.subplots(1, len(configs), sharey=True, sharex=True, squeeze=False)[0]
    for axes, config in zip(panels, configs, strict=True):
        for row in (row for row in rows if row.config == config):
            kind, order = PREEMPTIONS.index(row.preemption), ORDERS.index(row.order)
            place = networks.index(row.network) + 0.28 * (order - 1)
            axes.plot(
                row.p99_ms / row.period_ms,
                place + 0.07 * (kind - 1),
                marker="osD"[order],
                color=COLOURS[kind],
                linestyle="",
                markersize=4.5,
            )
        axes.axvline(1.0, color=ALERT, linewidth=1.2)
        for edge in range(1, len(networks)):
            axes.axhline(edge - 0.5, color="#dddddd", linewidth=0.8)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(TICKS))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_title(config)
        axes.set_xlabel("p99 of the time from release to end, in periods")
    panels[0].set_yticks(range(len(networks)), networks)
    panels[0].invert_yaxis()
    for axes in panels:
        axes.grid(visible=False, axis="y")
    marks = [
        *(Line2D([], [], color=COLOURS[i], marker="o", linestyle="", label=f"interrupted: {p}")
          for i, p in enumerate(PREEMPTIONS)),
        *(Line2D([], [], color="#555555", marker="osD"[i], linestyle="", label=o) for i, o in enumerate(ORDERS)),
        Line2D([], [], color=ALERT, label="deadline"),
    ]  # fmt: skip
    figure.legend(handles=marks, loc="outside lower center", ncols=4)
    return figure


def readme(rows: Sequence[Response], utterances: int) -> str:
    """The page."""
    found = {(row.config, row.preemption, row.order, row.network): row for row in rows}
    configs, networks = (
        list(dict.fromkeys(row.config for row in rows)),
        list(dict.fromkeys(row.network for row in rows)),
    )
    lines = [
        f"| configuration | interrupted at | who goes first | {' | '.join(networks)} |",
        f"|:--|:--|:--|{'--:|' * len(networks)}",
    ]
    for config in configs:
        for preemption in PREEMPTIONS:
            for order in ORDERS:
                cells = [found[config, preemption, order, network] for network in networks]
                numbers = " | ".join(f"{cell.p99_ms:.2f} ({cell.late_percent:.1f})" for cell in cells)
                lines.append(f"| {config} | {preemption} | {order} | {numbers} |")
    said = []
    for config in configs:
        whole, tile = (found[config, kind, ORDERS[0], "whisper detection"] for kind in ("never", "tile"))
        step_whole, step_tile = (found[config, kind, ORDERS[0], RECOGNISER] for kind in ("never", "tile"))
        step_first, speaker_first = (
            found[config, "tile", ORDERS[1], network] for network in (RECOGNISER, "speaker identification")
        )
        said.append(
            f"* {config} (the processor is busy {whole.npu_busy_percent:.0f} % of the time): p99 of whisper detection, "
            f"which comes every {whole.period_ms:g} ms, is {whole.p99_ms:.2f} ms if jobs run to completion and "
            f"{tile.p99_ms:.2f} ms if it interrupts at tiles; that moves the p99 of the recogniser's steps from "
            f"{step_whole.p99_ms:.2f} to {step_tile.p99_ms:.2f} ms. With the recogniser before all others and "
            f"interruption at tiles its steps take {step_first.p99_ms:.2f} ms, and {speaker_first.late_percent:.1f} % "
            "of the runs of speaker identification miss their deadline."
        )
    policies = (
        f"The production-size recogniser (drawn weights, the words of {utterances} utterances replayed one after "
        f"another) and {len(networks) - 1} stand-ins for other networks on az1, music playing. `never`: jobs run to "
        "completion; `layer`, `tile`: a higher priority starts at the end of a layer or a tile. Priorities as in "
        f"experiments/sharing/companions.toml: {_priorities()}. With all priorities equal nothing interrupts, whatever "
        "the rule: those rows are the same. A run misses its deadline if it ends later than its period after its "
        f"release (for the recogniser, {STEP_MS} ms after a step's)."
    )
    trust = (
        "The rules of interruption are exact to the tile (docs/device.md). Sizes and periods of the stand-ins are "
        "published or assumed as their file says, their weights drawn, all streamed. One seed of release offsets, so a "
        "network whose period divides a step comes always at the same distances from it. A p99 stands for a hundredth "
        "of the runs; of a network with few runs it says little more than the largest. Compare rows, not devices."
    )
    parts = [
        "# Sharing the processor",
        f"    {COMMAND}",
        policies,
        "![99th percentiles in periods](sharing.svg)",
        "\n".join(said),
        "99th percentile of the time from release to end in ms, in brackets the deadline misses in percent of the runs "
        "(sharing.csv has medians, the worst, and how many runs there were):",
        "\n".join(lines),
        "## Accuracy",
        trust,
    ]
    return "\n\n".join(parts) + "\n"


def _priorities() -> str:
    """Of the networks, the highest first."""
    experiment, _ = load_experiment(shipped("experiments", "sharing/companions.toml"))
    found = {each.title: each.priority for each in experiment.stage}
    found[RECOGNISER] = load_device(experiment.device).npu_sharing.recogniser_priority
    return ", ".join(f"{name} {found[name]}" for name in sorted(found, key=lambda name: -found[name]))


def main() -> None:
    """Measure and write."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "sharing")
    options.add_argument("--utterances", type=int, default=10)
    options.add_argument("--workers", type=int, default=2)
    chosen = options.parse_args()
    experiment, path = load_experiment(shipped("experiments", "sharing/companions.toml"))
    production = msgspec.structs.replace(experiment.production, utterances=chosen.utterances)
    setup = make_setup(msgspec.structs.replace(experiment, production=production), path)
    names = [configuration.name for configuration in experiment.configuration]
    answers: dict[int, list[Response]] = {}
    with Pool(measure, setup, min(chosen.workers, len(names))) as pool:
        for index, answer in pool.answers(names):
            answers[index] = answer
            print(f"done: {names[index]}", flush=True)
    rows = [row for index in range(len(names)) for row in answers[index]]
    chosen.out.mkdir(parents=True, exist_ok=True)
    with open(chosen.out / "sharing.csv", "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow([field.name for field in fields(Response)])
        table.writerows([f"{v:.6g}" if isinstance(v, float) else v for v in astuple(row)] for row in rows)
    with report_style():
        figure = draw(rows)
        write_figure(figure, "sharing", chosen.out)
    write_page(chosen.out, readme(rows, chosen.utterances))


if __name__ == "__main__":
    main()
