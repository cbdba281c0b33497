"""How much of the result hangs on assumed constants, and whether the ranking does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from azsim.report import ranking
from azsim.report.figures.style import ALERT, new_figure
from azsim.report.results import Comparison, SensitivityPoint

METRICS = (("wait after the end-point", ranking.wait_ms), ("energy margin", ranking.energy_margin_mj))
_LIMIT_PERCENT = 100.0


def draw(comparison: Comparison) -> Figure | None:
    """A heat map per metric: a constant's change in each line, a configuration in each column; turned ranks marked.

    Returns: None without sensitivity runs.
    """
    points = comparison.sensitivity
    cases = ranking.changes(points)
    metrics = [
        (title, metric)
        for title, metric in METRICS
        if ranking.base_values(points, metric)
    ]
    if not cases or not metrics:
        return None
    figure = new_figure(1.7 + 0.25 * len(cases))
    grid = figure.subplots(1, len(metrics), squeeze=False, sharey=True)[0]
    for axes, (title, metric) in zip(grid, metrics, strict=True):
        image = _heat_map(axes, points, cases, metric)
        axes.set_title(title)
    grid[0].set_yticks(range(len(cases)), [f"{constant} \u00d7 {factor:g}" for constant, factor in cases])
    bar = figure.colorbar(image, ax=list(grid), shrink=0.8, aspect=30, extend="max", pad=0.02)
    bar.set_label("Change against the device as described (%)")
    bar.outline.set_visible(False)
    figure.supxlabel(
        "bold in a frame: this configuration changes rank \u00b7 at the right: ranking kept \u2713 or turned \u2717",
        fontsize=8,
    )
    return figure


def _heat_map(
    axes: Axes, points: Sequence[SensitivityPoint], cases: Sequence[tuple[str, float]], metric: ranking.Metric
) -> AxesImage:
    before = ranking.base_values(points, metric)
    configs = list(before)
    percent = np.full((len(cases), len(configs)), np.nan)
    axes.grid(visible=False)
    for line, (constant, factor) in enumerate(cases):
        after = ranking.values_at(points, constant, factor, metric)
        turned = {config for pair in ranking.flips(before, after) for config in pair}
        for column, config in enumerate(configs):
            if config in after and before[config]:
                percent[line, column] = 100.0 * (after[config] / before[config] - 1.0)
                _write_cell(axes, line, column, percent[line, column], config in turned)
        mark, colour = ("\u2717", ALERT) if turned else ("\u2713", "#009E73")
        axes.annotate(
            mark,
            (len(configs) - 0.4, line),
            va="center",
            color=colour,
            fontsize=9,
            weight="bold",
            annotation_clip=False,
        )
    image = axes.imshow(percent, cmap="PuOr_r", vmin=-_LIMIT_PERCENT, vmax=_LIMIT_PERCENT, aspect="auto")
    axes.set_xticks(range(len(configs)), configs, rotation=35, ha="right", rotation_mode="anchor", fontsize=8)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return image


def _write_cell(axes: Axes, line: int, column: int, percent: float, turned: bool) -> None:
    text = "0" if abs(percent) < 0.5 else f"{percent:+.0f}".replace("-", "\u2212")
    frame = (
        {"boxstyle": "square,pad=0.15", "facecolor": "none", "edgecolor": ALERT, "linewidth": 1.2} if turned else None
    )
    axes.text(
        column,
        line,
        text,
        ha="center",
        va="center",
        fontsize=7.5,
        color="white" if abs(percent) > 75 else "black",
        weight="bold" if turned else "normal",
        bbox=frame,
    )
