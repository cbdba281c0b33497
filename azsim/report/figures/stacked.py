"""Stacked horizontal bars, one panel per table: what latency, traffic and energy figures share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from azsim.report.figures.style import name_rows, readable
from azsim.report.results import Row


def stack(
    axes: Axes, rows: Sequence[Row], parts_of: Callable[[Row], Mapping[str, float]], colours: Mapping[str, str]
) -> None:
    """Draw one bar per row, its parts in the order of ``colours``; what is negative grows to the left of zero."""
    places = np.arange(len(rows))
    right, left = np.zeros(len(rows)), np.zeros(len(rows))
    parts = [parts_of(row) for row in rows]
    for part, colour in colours.items():
        values = np.array([of_row.get(part, 0.0) for of_row in parts])
        shown = values != 0
        starts = np.where(values > 0, right, left)
        if shown.any():
            axes.barh(
                places[shown],
                values[shown],
                left=starts[shown],
                color=colour,
                height=0.66,
                edgecolor="white",
                linewidth=0.4,
            )
        right += np.maximum(values, 0.0)
        left += np.minimum(values, 0.0)
    name_rows(axes, [row.config for row in rows])


def label_totals(axes: Axes, rows: Sequence[Row], total_of: Callable[[Row], float | None], places: int) -> None:
    """Write each bar's total at its end, and leave room for it."""
    totals = [total_of(row) for row in rows]
    reach = max((total for total in totals if total is not None), default=0.0)
    for index, total in enumerate(totals):
        text = "none" if total is None else f"{total:.{places}f}"
        axes.annotate(text, (total or 0.0, index), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]), right=1.14 * reach if reach > 0 else 1.0)


def ordered_parts(
    rows: Sequence[Row], parts_of: Callable[[Row], Mapping[str, float]], least_share: float = 0.0
) -> list[str]:
    """Every part that reaches ``least_share`` of some bar, the largest in sum first."""
    sums: dict[str, float] = {}
    kept: set[str] = set()
    for row in rows:
        parts = parts_of(row)
        total = sum(parts.values())
        for part, value in parts.items():
            sums[part] = sums.get(part, 0.0) + value
            if value > least_share * total:
                kept.add(part)
    return sorted(kept, key=lambda part: -sums[part])


def legend_above(axes: Axes, colours: Mapping[str, str], columns: int) -> None:
    """One entry per part, in a line above the figure's first panel."""
    handles = [Patch(color=colour, label=readable(part)) for part, colour in colours.items()]
    axes.figure.legend(handles=handles, loc="outside upper left", ncols=columns)
