"""The report on contention: a table of all points, five figures, and a page that says what they show."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from azsim.arbitration import BOARD
from azsim.compare.experiment import load_experiment
from azsim.compare.production import shapes
from azsim.devices import load_device
from azsim.report.figures.style import COLOURS, WIDTH_INCHES, report_style, write_figure
from azsim.report.page import write_page
from experiments.contention.points import (
    HEADROOM_GBPS,
    LOADS_GBPS,
    MOST_GBPS,
    MUSIC_KBPS,
    NETWORKS,
    PEAKS_GBPS,
    POLICIES,
    REQUEST_BYTES,
    SEARCHED,
    SHOWN,
    STREAMS,
)

Row = Mapping[str, Any]
COMMAND = "python -m experiments.contention --out reports/contention"
STEP_MS = 30
SLOW_GBPS, SLOW_LOAD_GBPS = 3.2, 1.5
LOUD_GBPS = 3.0
TICKS_MS = (5, 10, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000)
BASE = {"policy": "fixed-priority", "background_gbps": 0.0, "peak_gbps": 6.4, "networks": 0, "music_kbps": -1}
PERCENTILES = (("step_p50_ms", ":", "p50"), ("step_p90_ms", "--", "p90"), ("step_p99_ms", "-", "p99"))


def find(rows: Sequence[Row], config: str, **factors: object) -> Row:
    """The row of a configuration with these factors, the others as in `BASE`."""
    wanted = {**BASE, **factors, "config": config}
    return next(row for row in rows if all(row[key] == value for key, value in wanted.items()))


def write(
    out: Path,
    rows: Sequence[Row],
    headroom: Mapping[tuple[str, str], float],
    waits: Mapping[str, np.ndarray],
    utterances: int,
) -> None:
    """The folder's files."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "contention.csv", "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(rows[0])
        table.writerows([f"{v:.6g}" if isinstance(v, float) else v for v in row.values()] for row in rows)
    drawn: dict[str, Callable[[], Figure]] = {
        "headroom": lambda: draw_headroom(headroom),
        "delays": lambda: draw_delays(rows),
        "factors": lambda: draw_factors(rows),
        "bandwidth": lambda: draw_bandwidth(rows),
        "waits": lambda: draw_waits(waits),
    }
    with report_style():
        for name, draw in drawn.items():
            write_figure(draw(), name, out)
    write_page(out, readme(rows, headroom, utterances))


def configs_of(rows: Sequence[Row]) -> list[str]:
    """In the order of the experiment."""
    return list(dict.fromkeys(row["config"] for row in rows))


def draw_headroom(headroom: Mapping[tuple[str, str], float]) -> Figure:
    """The load at the first miss, per configuration and policy."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.2), layout="constrained")
    axes = figure.subplots()
    configs = list(dict.fromkeys(config for config, _ in headroom))
    for offset, policy in enumerate(SEARCHED):
        places = np.arange(len(configs)) + 0.38 * (offset - 0.5)
        loads = [min(MOST_GBPS, headroom[config, policy]) for config in configs]
        axes.barh(places, loads, 0.36, color=COLOURS[offset], label=policy)
        for place, config in zip(places, configs, strict=True):
            load = headroom[config, policy]
            text = f"{load:.1f}" if load <= MOST_GBPS else f"none up to {MOST_GBPS:g}"
            axes.text(min(MOST_GBPS, load) + 0.08, place, text, va="center", fontsize=8)
    axes.set_yticks(range(len(configs)), configs)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, MOST_GBPS * 1.15)
    axes.set_xlabel("Other traffic at which the first step misses its deadline (GB/s asked for)")
    axes.legend(loc="upper right")
    return figure


def draw_delays(rows: Sequence[Row]) -> Figure:
    """Heat maps: 99th percentile of a step's time, by load and configuration, and by load and policy."""
    figure = Figure(figsize=(WIDTH_INCHES, 5.6), layout="constrained")
    grid = figure.subplots(2, 2)
    configs = configs_of(rows)
    for axes, policy in zip(grid[0], SEARCHED, strict=True):
        cells = [[find(rows, one, policy=policy, background_gbps=load) for load in LOADS_GBPS] for one in configs]
        _heat(axes, cells, configs, policy)
    for axes, config in zip(grid[1], SHOWN, strict=True):
        cells = [[find(rows, config, policy=one, background_gbps=load) for load in LOADS_GBPS] for one in POLICIES]
        _heat(axes, cells, POLICIES, config)
    for row in grid:
        row[1].set_yticklabels([])
    for axes in grid[1]:
        axes.set_xlabel("Other traffic (GB/s asked for)")
    return figure


def _heat(axes: Axes, cells: Sequence[Sequence[Row]], names: Sequence[str], title: str) -> None:
    delays = np.array([[row["step_p99_ms"] for row in line] for line in cells])
    axes.imshow(np.minimum(delays, 2 * STEP_MS), cmap="Oranges", vmin=0, vmax=3 * STEP_MS, aspect="auto")
    for y, line in enumerate(cells):
        for x, row in enumerate(line):
            missed = f"\n{100 * row['miss_share']:.0f} % missed" if row["miss_share"] else ""
            delay = f"{delays[y, x]:.0f}" if delays[y, x] >= 0 else "never"
            axes.text(x, y, delay + missed, ha="center", va="center", fontsize=7)
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(range(len(LOADS_GBPS)), [f"{load:g}" for load in LOADS_GBPS])
    axes.grid(visible=False)
    axes.set_title(f"{title}: p99 of a step (ms)", fontsize=9)


def draw_factors(rows: Sequence[Row]) -> Figure:
    """Percentiles of a step's time against DRAM speed, networks and the music's bit rate."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.9), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    drawn = (
        ("DRAM peak (GB/s)\nfifo, 1.5 GB/s of other traffic", "peak_gbps", PEAKS_GBPS,
         {"policy": "fifo", "background_gbps": 1.5}),
        ("Networks beside the recogniser\nfixed priority, no other traffic", "networks", NETWORKS, {}),
        ("Music (kb/s)\nfifo, 3 GB/s of other traffic", "music_kbps", MUSIC_KBPS,
         {"policy": "fifo", "background_gbps": 3.0}),
    )  # fmt: skip
    for axes, (below, key, values, factors) in zip(panels, drawn, strict=True):
        for colour, config in zip((COLOURS[3], COLOURS[0]), SHOWN, strict=True):
            line = [find(rows, config, **{**factors, key: value}) for value in values]
            for measure, dashes, name in PERCENTILES:
                delays = [row[measure] if row[measure] > 0 else np.nan for row in line]
                label = f"{config}, {name}"
                axes.plot(range(len(values)), delays, dashes, marker="o", markersize=3, color=colour, label=label)
        axes.axhline(STEP_MS, color="black", linewidth=0.8, linestyle=(0, (4, 2)))
        axes.set_xticks(range(len(values)), [f"{value:g}" for value in values])
        axes.set_xlabel(below, fontsize=8)
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(FixedLocator(TICKS_MS))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
    panels[0].set_ylabel("Release of a step to its end (ms)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=6, fontsize=7)
    return figure


def draw_bandwidth(rows: Sequence[Row]) -> Figure:
    """What each client got, against the load."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.2), layout="constrained")
    clients = ("npu", "cpu", "playback", "network")
    panels = figure.subplots(1, len(SHOWN), sharey=True)
    for axes, config in zip(panels, SHOWN, strict=True):
        line = [find(rows, config, policy="fifo", background_gbps=load) for load in LOADS_GBPS]
        parts = [[row[f"{client}_gbps"] for row in line] for client in clients]
        axes.stackplot(LOADS_GBPS, parts, labels=clients, colors=[COLOURS[i] for i in (0, 1, 5, 4)], alpha=0.85)
        axes.set_xlabel("Other traffic (GB/s asked for)")
        axes.set_title(f"{config}, fifo", fontsize=9)
    panels[0].set_ylabel("Moved (GB/s)")
    panels[0].legend(loc="upper left")
    return figure


def draw_waits(waits: Mapping[str, np.ndarray]) -> Figure:
    """Who waits for whom."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.4), layout="constrained")
    panels = figure.subplots(1, len(waits), sharey=True)
    most = max(float(share.max()) for share in waits.values())
    for axes, (config, share) in zip(panels, waits.items(), strict=True):
        axes.imshow(share, cmap="Blues", vmin=0, vmax=most, aspect="auto")
        for (y, x), value in np.ndenumerate(share):
            if value >= 5e-5:
                axes.text(x, y, f"{100 * value:.2f}", ha="center", va="center", fontsize=8,
                          color="white" if value > 0.6 * most else "black")  # fmt: skip
        axes.set_xticks(range(len(BOARD)), BOARD, fontsize=8)
        axes.set_yticks(range(len(BOARD)), BOARD, fontsize=8)
        axes.grid(visible=False)
        axes.set_title(f"{config}: % of the time", fontsize=9)
        axes.set_xlabel("... is served")
    panels[0].set_ylabel("Waits while ...")
    return figure


def _load(value: float) -> str:
    return f"{value:.1f}" if value <= MOST_GBPS else f"> {MOST_GBPS:g}"


def _weights() -> int:
    """Of the production-size network."""
    production = load_experiment(None)[0].production
    return sum(rows * columns for rows, columns in shapes(production).values()) if production else 0


def _worst_policy(rows: Sequence[Row]) -> str:
    """The policy under which most deadlines are missed, over the loads and configurations that all were run at."""
    missed = {
        policy: float(np.mean([
            find(rows, config, policy=policy, background_gbps=load)["miss_share"]
            for config in SHOWN for load in LOADS_GBPS
        ]))
        for policy in POLICIES
    }  # fmt: skip
    worst = max(missed, key=lambda policy: missed[policy])
    why = (
        " Its target is a mean time per chunk, and while that is met it lets the processor\n  fall below the cores."
        if worst == "latency-regulated"
        else ""
    )
    return f"* `{worst}` misses most deadlines, {100 * missed[worst]:.0f} % on average over these loads.{why}"


def readme(rows: Sequence[Row], headroom: Mapping[tuple[str, str], float], utterances: int) -> str:
    """The page."""
    configs = configs_of(rows)
    lines = [
        f"| configuration | NPU GB/s | p99 of a step, quiet, ms | at {LOUD_GBPS:g} GB/s, ms | first miss, fifo, GB/s "
        "| first miss, fixed priority, GB/s |",
        "|:--|" + "--:|" * 5,
    ]
    for config in configs:
        quiet, loud = (find(rows, config, policy="fifo", background_gbps=load) for load in (0.0, LOUD_GBPS))
        lines.append(
            f"| {config} | {quiet['npu_gbps']:.2f} | {quiet['step_p99_ms']:.1f} | {loud['step_p99_ms']:.1f} "
            f"| {_load(headroom[config, 'fifo'])} | {_load(headroom[config, 'fixed-priority'])} |"
        )
    device = load_device("az1")
    gives_gbps = device.memory.peak_gbps * device.memory.efficiency
    audio = device.audio
    ring_ms = 1000 * audio.periods * audio.period_frames / audio.playback_rate_hz
    any_traffic = [config for config in configs if headroom[config, "fixed-priority"] > MOST_GBPS]
    stand = "every configuration misses some deadlines"
    if any_traffic:
        stand = f"{', '.join(any_traffic)} miss no deadline at any load"
    raw, small = (headroom[config, "fifo"] for config in SHOWN)
    underruns = sum(row["underruns"] for row in rows)
    periods = sum(row["periods"] for row in rows)
    silent = next((row for row in rows if row["underruns"]), None)
    where = (
        f"The first are at {silent['peak_gbps']:g} GB/s of DRAM under {silent['policy']} with "
        f"{silent['background_gbps']:g} GB/s of other traffic."
        if silent
        else f"The ring holds {ring_ms:.0f} ms, its requests are few and small, and no client has more than one chunk "
        "under way."
    )
    networks = [find(rows, config, networks=NETWORKS[-1]) for config in SHOWN]
    slow = [find(rows, config, policy="fifo", background_gbps=SLOW_LOAD_GBPS, peak_gbps=SLOW_GBPS) for config in SHOWN]
    music = [find(rows, SHOWN[1], policy="fifo", background_gbps=LOUD_GBPS, music_kbps=kbps) for kbps in MUSIC_KBPS]
    return f"""# Contention

    {COMMAND}

The production-size recogniser ({_weights() / 1e6:.1f} M drawn weights, the words of {utterances} utterances replayed
one after another) on az1 at `{device.memory.fidelity}` fidelity, music playing. Other traffic: {STREAMS} streams of
{REQUEST_BYTES >> 10} KiB requests with the cores' priority, which is below the processor's; a stream never has more
than a chunk of {device.memory.chunk_bytes >> 10} KiB under way. A step misses its deadline if its last job ends after
the next step's release, {STEP_MS} ms later.

{chr(10).join(lines)}

![headroom](headroom.svg)

**Effect of compression.** Under `fifo` the first step misses its deadline at {_load(raw)} GB/s of other traffic for
{SHOWN[0]}, and at {_load(small)} GB/s for {SHOWN[1]}, searched in steps of {HEADROOM_GBPS:g} GB/s up to {MOST_GBPS:g}.
The DRAM gives {gives_gbps:.1f} GB/s in all. Under fixed priority the processor waits for at most the chunk under way:
{stand}. On a quiet memory the 99th percentile of a step is {find(rows, SHOWN[0])["step_p99_ms"]:.1f} ms for
{SHOWN[0]} and {find(rows, SHOWN[1])["step_p99_ms"]:.1f} ms for {SHOWN[1]}.

![time of a step by load](delays.svg)

![percentiles against DRAM speed, networks, music](factors.svg)

* DRAM of {SLOW_GBPS:g} GB/s with {SLOW_LOAD_GBPS:g} GB/s of other traffic: {100 * slow[0]["miss_share"]:.0f} % of the
  steps miss their deadline for {SHOWN[0]}, {100 * slow[1]["miss_share"]:.0f} % for {SHOWN[1]}. (Where a point is
  missing, not one utterance was through.)
{_worst_policy(rows)}
* {NETWORKS[-1]} more networks on the processor: p99 of a step
  {networks[0]["step_p99_ms"]:.1f} ms for {SHOWN[0]}, {networks[1]["step_p99_ms"]:.1f} ms for {SHOWN[1]};
  {100 * networks[0]["late_runs_share"]:.1f} % and {100 * networks[1]["late_runs_share"]:.1f} % of their runs take
  longer than their period.
* Music: {underruns} underruns in {periods:,} periods over all points. {where}
  Its bit rate alone moves the p99 of a step from {music[0]["step_p99_ms"]:.2f} ms (silence)
  to {music[-1]["step_p99_ms"]:.2f} ms at {MUSIC_KBPS[-1] / 1000:.1f} Mb/s ({SHOWN[1]}):
  that is {MUSIC_KBPS[-1] / 8e6 / gives_gbps:.2%} of what the memory gives.

![bandwidth by client](bandwidth.svg)

![who waits for whom](waits.svg)

Who waits for whom, with {LOUD_GBPS:g} GB/s of other traffic under `fifo`: shares are of the session's time; the
cores' row counts all their streams together, so it may exceed the whole.

## Accuracy

The order of grants, waits and deadlines are exact for these rules; the rules are simple. One chunk per client and
stream is under way at a time; banks and caches are not modelled at this fidelity. The traffic is periodic, with drawn
phases. Weights are drawn, words replayed. Percentiles are over the steps of {utterances} utterances: a p99 stands for a
handful of steps. Budgets of the regulating policies are assumed and stand in `experiments/contention/play.py`. Compare
rows, not devices.
"""
