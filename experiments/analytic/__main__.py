"""The analytic mode against the data-dependent simulation: how far off, and how many configurations per second.

    python -m experiments.analytic [--out reports/analytic] [--configurations 120] [--utterances 2]

Devices are az1 with random changes: lanes, multipliers, window, queue, broadcast, skip mode, zero columns, decoder,
port width, where the weights stay, frames per step. Each is simulated with the masks of the trained weights and, where
the skip mode asks for them, the activations of real speech, and estimated from statistics measured once. Then a full
grid of devices is estimated on two processes and timed. Writes analytic.csv, analytic.svg, analytic.png and README.md.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from azsim.compare.experiment import load_experiment
from azsim.compare.runner import make_setup
from azsim.report.figures.style import COLOURS, new_figure, plain_ticks, report_style, write_figure
from azsim.report.page import write_page
from experiments.analytic.points import GRID, KNOBS, MODELS, AnalyticPoint, measure, speeds
from experiments.options import options_of

COMMAND = "python -m experiments.analytic --out reports/analytic"


def draw_figure(points: Sequence[AnalyticPoint]) -> Figure:
    """Lane time estimated over simulated, and the errors by what is skipped."""
    figure = new_figure(3.6)
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.08, right=0.98, bottom=0.15, top=0.9, wspace=0.25)
    skips = list(dict.fromkeys(KNOBS["skip"]))
    for colour, skip in zip(COLOURS, skips, strict=False):
        own = [point for point in points if point.skip == skip]
        left.loglog([p.lane_cycles for p in own], [p.lane_estimate for p in own], "o", color=colour, ms=3, label=skip)
    ends = [f(getattr(p, key) for p in points for key in ("lane_cycles", "lane_estimate")) for f in (min, max)]
    left.plot(ends, ends, "-", color="#777777", lw=0.8)
    left.set_xlabel("Lane cycles, simulated")
    left.set_ylabel("Lane cycles, estimated")
    left.legend(title="skipped", fontsize=7)
    plain_ticks(left)
    kinds = (("lane_error", "lanes alone"), ("step_error", "encoder"), ("error", "utterance"))
    for colour, (key, label) in zip(COLOURS, kinds, strict=False):
        errors = np.sort(np.abs([getattr(point, key) for point in points]))
        share = np.arange(1, errors.size + 1) / errors.size
        right.plot(100 * errors, 100 * share, color=colour, label=label)
    right.axvline(5, color="#777777", lw=0.8)
    right.set_xlabel("Error (%)")
    right.set_ylabel("Configurations with at most this (%)")
    right.legend()
    return figure


def _row(name: str, points: Sequence[AnalyticPoint]) -> str:
    cells = []
    for key in ("error", "step_error", "lane_error"):
        errors = 100 * np.abs([getattr(point, key) for point in points])
        cells.append(f"{np.median(errors):.2f} | {errors.max():.2f}")
    return f"| {name} | {len(points)} | {' | '.join(cells)} |"


def readme(points: Sequence[AnalyticPoint], found: Mapping[str, tuple[int, float]], utterances: int) -> str:
    """The page."""
    rows = [_row("all", points)]
    for key in ("model", "skip", "stays", "lanes", "queue"):
        values = sorted({getattr(point, key) for point in points}, key=str)
        rows += [_row(f"{key} {value}", [p for p in points if getattr(p, key) == value]) for value in values]
    table = "\n".join(rows)
    speed = "\n".join(f"| {name} | {count} | {rate:.0f} |" for name, (count, rate) in found.items())
    return f"""# The analytic mode

    {COMMAND}

{len(points)} random devices around az1 and {len(MODELS)} trained models, {utterances} recordings. *Simulated*: lane
cycles from the masks of the weights and, where the skip mode asks for them, of each step's activations. *Estimated*:
`azsim.estimate`, from statistics measured once per model and number of lanes. Nothing is fitted. `analytic.csv` holds
every device.

![estimated against simulated](analytic.svg)

Error in %, median and largest: of the cycles of all runs of the speech; of the encoder's runs, which words wait for;
and of the lanes' time alone, which often hides behind DRAM or decoder.

| | devices | utterance | max | encoder | max | lanes | max |
|:--|--:|--:|--:|--:|--:|--:|--:|
{table}

Configurations per second, two processes, memories empty at first (what depends on the lanes alone, on the decoder
alone, on residency and frames alone is remembered). *Grid*: {_grid_text()}.
*A lane rule each*: queue, broadcast, window or multipliers differ from one configuration to the next, so that nothing
of the lanes is remembered.

| | configurations | per second |
|:--|--:|--:|
{speed}
"""


def _grid_text() -> str:
    counts = {name: len(values) for name, values in GRID.items() if len(values) > 1}
    return "values of " + ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items())


def write(points: Sequence[AnalyticPoint], found: Mapping[str, tuple[int, float]], utterances: int, out: Path) -> None:
    """The folder's four files."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "analytic.csv", "w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow([*(field.name for field in fields(AnalyticPoint)), "error", "step_error", "lane_error"])
        for point in points:
            values = (*astuple(point), point.error, point.step_error, point.lane_error)
            table.writerow([f"{value:.6g}" if isinstance(value, float) else value for value in values])
    with report_style():
        figure = draw_figure(points)
        write_figure(figure, "analytic", out)
    write_page(out, readme(points, found, utterances))


def main() -> None:
    """Measure, draw, write."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "analytic")
    options.add_argument("--configurations", type=int, default=120, help="devices per model")
    options.add_argument("--utterances", type=int, default=2)
    chosen = options.parse_args()
    experiment, path = load_experiment(None)
    setup = make_setup(experiment, path, limit=chosen.utterances)
    found = speeds(setup)
    points = measure(setup, chosen.configurations)
    write(points, found, len(setup.utterances), chosen.out)
    print(_row("all: utterance, encoder, lanes (median | max %)", points))
    for name, (count, rate) in found.items():
        print(f"{name}: {count} configurations, {rate:.0f} per second")


if __name__ == "__main__":
    main()
