"""How much of the result hangs on assumed constants, and whether the ranking does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from azsim.report import ranking
from azsim.report.columns import significant
from azsim.report.figures.style import ALERT, GREY, Margins, panel_grid, width_inches
from azsim.report.results import Comparison, SensitivityPoint

METRICS = (
    ("wait after the end-point", "ms", ranking.wait_ms),
    ("energy due to speech", "mJ", ranking.energy_above_idle_mj),
)
_LIMIT_PERCENT = 100.0
_LEAST_PERCENT = 0.5  # less is left blank
_LINE_INCHES = 0.25
_BASE = "as described"


def draw(comparison: Comparison) -> Figure | None:
    """A heat map per metric: a constant's change in each line, a configuration in each column; turned ranks marked.

    Returns: None without sensitivity runs.
    """
    points = comparison.sensitivity
    cases = ranking.changes(points)
    metrics = [chosen for chosen in METRICS if ranking.base_values(points, chosen[2])]
    if not cases or not metrics:
        return None
    names = [_BASE, *(f"{constant} \u00d7 {factor:g}" for constant, factor in cases)]
    configs = dict.fromkeys(point.config for point in points)
    slanted = 0.6 * width_inches(configs, 8) + 0.2
    margins = Margins(left=width_inches(names) + 0.1, right=0.3, top=0.3, bottom=slanted, across=0.35)
    figure, [grid] = panel_grid(margins, [_LINE_INCHES * len(names)], [1.0] * len(metrics))
    for axes, (title, unit, metric) in zip(grid, metrics, strict=True):
        _heat_map(axes, points, cases, metric, unit)
        axes.set_title(f"{title}: change (%)")
    grid[0].set_yticks(range(-1, len(cases)), names)
    for axes in grid[1:]:
        axes.set_yticks([])
    return figure


def _heat_map(
    axes: Axes,
    points: Sequence[SensitivityPoint],
    cases: Sequence[tuple[str, float]],
    metric: ranking.Metric,
    unit: str,
) -> None:
    before = ranking.base_values(points, metric)
    configs = list(before)
    percent = np.full((len(cases), len(configs)), np.nan)
    for column, value in enumerate(before.values()):
        text = f"{significant(value)} {unit}"
        axes.text(column, -1, text, ha="center", va="center_baseline", fontsize=7.5, color=GREY)
    for line, (constant, factor) in enumerate(cases):
        after = ranking.values_at(points, constant, factor, metric)
        turned = {config for pair in ranking.flips(before, after) for config in pair}
        for column, config in enumerate(configs):
            if config in after and before[config]:
                percent[line, column] = 100.0 * (after[config] / before[config] - 1.0)
                if config in turned or abs(percent[line, column]) >= _LEAST_PERCENT:
                    _write_cell(axes, line, column, percent[line, column], config in turned)
        mark, colour = ("\u2717", ALERT) if turned else ("\u2713", "#009E73")
        axes.text(len(configs) - 0.35, line, mark, va="center_baseline", color=colour, weight="bold")
    limits = {"vmin": -_LIMIT_PERCENT, "vmax": _LIMIT_PERCENT}
    edges = np.arange(len(configs) + 1) - 0.5, np.arange(len(cases) + 1) - 0.5
    axes.pcolormesh(*edges, percent, cmap="PuOr_r", edgecolors="white", linewidth=0.5, **limits)
    axes.set_ylim(len(cases) - 0.5, -1.5)
    axes.set_xticks(range(len(configs)), configs, rotation=35, ha="right", rotation_mode="anchor", fontsize=8)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _write_cell(axes: Axes, line: int, column: int, percent: float, turned: bool) -> None:
    text = f"{percent:+.0f}".replace("-", "\u2212")
    frame = (
        {"boxstyle": "square,pad=0.15", "facecolor": "none", "edgecolor": ALERT, "linewidth": 1.2} if turned else None
    )
    axes.text(
        column,
        line,
        text,
        ha="center",
        va="center_baseline",
        fontsize=7.5,
        color="white" if abs(percent) > 75 else "black",
        weight="bold" if turned else "normal",
        bbox=frame,
    )
