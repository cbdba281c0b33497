"""How much of the result hangs on assumed constants, and whether the ranking does."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from azsim.report import ranking
from azsim.report.colours import ALERT, INK, PAPER, SERIES, SOFT
from azsim.report.columns import significant
from azsim.report.figures.layout import WIDE, Layout, Margins, panel_grid, width_inches
from azsim.report.figures.style import short_names
from azsim.report.ranking import SensitivityPoint
from azsim.report.results import Comparison

METRICS = (
    ("wait after the end-point", "ms", ranking.wait_ms),
    ("energy above idle", "mJ", ranking.energy_above_idle_mj),
)
LEAST_PERCENT = 0.5
"""A change below this is left blank."""
_MORE, _LESS = SERIES[1].light, SERIES[0].light
_FULL_PERCENT, _STRONGEST = 100.0, 0.6
_LINE_INCHES = 0.25
_CELL_INCHES = {True: 0.47, False: 0.68}
_HEAD_LINES = 3
_BASE = "as described"

Case = tuple[str, float]


def draw(comparison: Comparison, layout: Layout = WIDE) -> Figure | None:
    """A table per metric: a constant's change in each line, a configuration in each column; turned ranks marked.

    Returns: None without sensitivity runs.
    """
    points = comparison.sensitivity
    cases = ranking.changes(points)
    metrics = [chosen for chosen in METRICS if ranking.base_values(points, chosen[2])]
    if not cases or not metrics:
        return None
    constants = short_names((constant for constant, _ in cases), 20)
    lines = [_BASE, *(f"{constants[constant]} \u00d7 {factor:g}" for constant, factor in cases)]
    configs = list(dict.fromkeys(point.config for point in points))
    heads, key = _heads(configs, layout)
    left, cell = width_inches(lines) + 0.15, _CELL_INCHES[layout.is_narrow]
    most = max(1, int((layout.width_inches - left - 0.35) / cell))
    each = -(-len(configs) // -(-len(configs) // most))
    groups = [configs[begin : begin + each] for begin in range(0, len(configs), each)]
    tables = [(metric, group) for metric in metrics for group in groups]
    fits = not layout.is_narrow and left + 2 * (len(configs) * cell + 0.35) <= layout.width_inches
    per_row = 2 if fits and len(groups) == 1 and len(metrics) == 2 else 1
    head_inches = 0.16 * max(head.count("\n") + 1 for head in heads.values()) + 0.1
    key_lines = wrap(key, int(layout.width_inches / width_inches(["x"]))) if key else []
    margins = Margins(
        left=left,
        right=0.35,
        top=0.35 + head_inches,
        bottom=0.12 + 0.16 * len(key_lines),
        across=0.4,
        down=0.45 + head_inches,
    )
    rows = len(tables) // per_row
    figure, grid = panel_grid(margins, [_LINE_INCHES * len(lines)] * rows, [1.0] * per_row, layout)
    places = [axes for row in grid for axes in row]
    for index, (axes, ((title, unit, metric), group)) in enumerate(zip(places, tables, strict=True)):
        _table(axes, points, cases, metric, group, heads)
        box = axes.get_position()  # cells of one width, however many there are in a table
        axes.set_position((box.x0, box.y0, len(group) * cell / layout.width_inches, box.height))
        text, above = f"{title} ({unit}): change in %", 0.06 + head_inches
        x, y = (0.0 if per_row == 2 else -left + 0.1), above / (_LINE_INCHES * len(lines))
        width = axes.get_position().width * layout.width_inches
        axes.text(x / width, 1 + y, text, transform=axes.transAxes, va="bottom", weight="bold", fontsize=9.5)
        axes.set_yticks(range(-1, len(cases)), lines) if index % per_row == 0 else axes.set_yticks([])
    if key_lines:
        figure.text(0.1 / layout.width_inches, 0.06 / figure.get_figheight(), "\n".join(key_lines), va="bottom")
    return figure


def _heads(configs: Sequence[str], layout: Layout) -> tuple[dict[str, str], str]:
    """Configuration -> heading of its column, its name in lines if that is enough, else a number; and the key to it."""
    letters = int(_CELL_INCHES[layout.is_narrow] / width_inches(["x"]))
    names = short_names(configs)
    wrapped = {name: wrap(short, letters) for name, short in names.items()}
    broken = any(len(word) > letters for short in names.values() for word in short.split())
    if not broken and all(len(lines) <= _HEAD_LINES for lines in wrapped.values()):
        return {name: "\n".join(lines) for name, lines in wrapped.items()}, ""
    numbers = {name: str(place) for place, name in enumerate(configs, 1)}
    return numbers, "Columns: " + "; ".join(f"{number} {names[name]}" for name, number in numbers.items())


def _table(
    axes: Axes,
    points: Sequence[SensitivityPoint],
    cases: Sequence[Case],
    metric: ranking.Metric,
    configs: Sequence[str],
    heads: dict[str, str],
) -> None:
    before = ranking.base_values(points, metric)
    for column, config in enumerate(configs):
        axes.text(column, -1.7, heads[config], ha="center", va="bottom", linespacing=1.1)
        if config in before:
            axes.text(column, -1, significant(before[config]), ha="center", va="center_baseline", color=SOFT)
    for line, (constant, factor) in enumerate(cases):
        after = ranking.values_at(points, constant, factor, metric)
        turned = {config for pair in ranking.flips(before, after) for config in pair}
        for column, config in enumerate(configs):
            percent = (
                100.0 * (after[config] / before[config] - 1.0) if after.get(config) and before.get(config) else 0.0
            )
            _cell(axes, line, column, percent, config in turned)
        mark, look = ("\u2717", {"color": ALERT, "weight": "bold"}) if turned else ("\u2713", {"color": SOFT})
        axes.annotate(
            mark, (len(configs) - 0.5, line), (6, 0), textcoords="offset points", va="center_baseline", **look
        )
    axes.set_xlim(-0.5, len(configs) - 0.5)
    axes.set_ylim(len(cases) - 0.5, -1.6)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _cell(axes: Axes, line: int, column: int, percent: float, turned: bool) -> None:
    """Tinted by the size of the change, on any paper; framed where the configuration changes places."""
    strength = _STRONGEST * float(np.clip(abs(percent) / _FULL_PERCENT, 0.0, 1.0))
    tint = to_rgba(_MORE if percent > 0 else _LESS, strength)
    axes.add_patch(Rectangle((column - 0.49, line - 0.48), 0.98, 0.96, facecolor=tint, edgecolor=PAPER, linewidth=0.5))
    if turned:
        frame = {"facecolor": "none", "edgecolor": ALERT, "linewidth": 1.4}
        axes.add_patch(Rectangle((column - 0.44, line - 0.4), 0.88, 0.8, zorder=2, **frame))
    if turned or abs(percent) >= LEAST_PERCENT:
        text = f"{percent:+.0f}".replace("-", "\u2212")
        weight = "bold" if turned else "normal"
        axes.text(column, line, text, ha="center", va="center_baseline", color=INK, weight=weight)
