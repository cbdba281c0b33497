"""Figures that studies share: error rates with their intervals, weights in the course of training."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from azsim.report.figures.style import (
    COLOURS,
    WIDTH_INCHES,
    Margins,
    label_below,
    label_left,
    panel_grid,
    report_style,
    write_figure,
)
from azsim.train.recorder import HISTOGRAM_MATRIX

ROW_INCHES = 0.3
MARGINS = Margins(left=0.75, right=0.15, top=0.4, bottom=0.6, across=0.25, down=0.55)
COLUMNS = 3
PANEL_INCHES = 1.7
Rate = tuple[float, float | None, float | None]


def draw_intervals(names: Sequence[str], panels: dict[str, Sequence[Rate]], name: str, out: Path) -> None:
    """A row for each case, a panel for each kind of speech.

    Args:
        names: of the cases, from the top.
        panels: title -> rate in percent, low and high end of its interval, of each case.
        name: of the figure's files.
        out: the report's folder.
    """
    with report_style():
        figure = Figure(figsize=(WIDTH_INCHES, ROW_INCHES * len(names) + 0.9), layout="constrained")
        places = np.arange(len(names))
        for axes, (title, rates) in zip(figure.subplots(1, len(panels), sharey=True), panels.items(), strict=True):
            values = np.array([value for value, _, _ in rates])
            ends = np.array(
                [(value if low is None else low, value if high is None else high) for value, low, high in rates]
            )
            arms = np.abs(ends.T - values)
            axes.errorbar(values, places, xerr=arms, fmt="o", color=COLOURS[0], capsize=2)
            axes.set(title=title, xlabel="word error rate, %", xlim=(0, None))
            axes.set_yticks(places, names)
        axes.invert_yaxis()
        write_figure(figure, name, out)


def read_histograms(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A run's ``histograms.csv``: steps ``(S,)``, weights over the largest ``(W,)``, shares of weights ``(S, W)``."""
    with path.open(newline="") as file:
        rows = [(int(r["step"]), float(r["weight_over_largest"]), int(r["count"])) for r in csv.DictReader(file)]
    steps, places = (np.array(sorted({row[index] for row in rows})) for index in (0, 1))
    counts = np.array([row[2] for row in rows], np.float64).reshape(len(steps), len(places))
    return steps, places, counts / counts.sum(1, keepdims=True)


def draw_histograms(runs: Mapping[str, Path], name: str, out: Path) -> str:
    """One panel per run, training going upwards, darker where more weights lie; the text that shows the figure.

    Args:
        runs: title -> folder of the run; those without histograms are left out.
        name: of the figure's files.
        out: the report's folder.
    """
    found = {title: read_histograms(run / "histograms.csv") for title, run in runs.items() if _has(run)}
    if not found:
        return ""
    lines = -(-len(found) // COLUMNS)
    with report_style():
        figure, grid = panel_grid(MARGINS, [PANEL_INCHES] * lines, [1.0] * COLUMNS)
        panels = [axes for row in grid for axes in row]
        for axes, (title, (steps, places, shares)) in zip(panels, found.items(), strict=False):
            half = (places[1] - places[0]) / 2
            extent = (places[0] - half, places[-1] + half, 0, steps[-1])
            shade = np.log10(np.maximum(shares, 1e-5))
            axes.imshow(shade, cmap="Greys", aspect="auto", origin="lower", extent=extent, vmin=-5, vmax=-0.5)
            axes.set_title(title)
            axes.grid(visible=False)
        for index, axes in enumerate(panels):
            if index >= len(found):
                axes.set_axis_off()
                continue
            if index % COLUMNS == 0:
                label_left(axes, "training step", 0.5)
            if index + COLUMNS >= len(found):
                label_below(axes, "weight over the largest")
        write_figure(figure, name, out)
    return (
        f"![weights over training]({name}.png)\n\nWeights of `{HISTOGRAM_MATRIX}`, over the largest of the moment, in "
        "the course of training (upwards), darker where there are more, on a logarithmic scale.\n"
    )


def _has(run: Path) -> bool:
    return (run / "histograms.csv").is_file()
