"""Where the wait goes: true end of speech to final words, split into its parts."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from azsim.report.figures.stacked import label_totals, legend_above, stack
from azsim.report.figures.style import new_figure, panels, part_colours
from azsim.report.results import LATENCY_PARTS, Comparison, Row


def draw(comparison: Comparison) -> Figure | None:
    """Mean latency by part, both tables; beside it the same without the end-pointer's wait, which hides the rest.

    Returns: None if no utterance was recognised.
    """
    tables = [(title, rows) for title, rows in panels(comparison) if any(row.latency_parts_mean_ms for row in rows)]
    if not tables:
        return None
    colours = part_colours(LATENCY_PARTS)
    figure = new_figure(0.9 + sum(0.75 + 0.3 * len(rows) for _, rows in tables))
    grid = figure.subplots(
        len(tables), 2, squeeze=False, sharey="row", height_ratios=[1 + 0.4 * len(rows) for _, rows in tables]
    )
    for (title, rows), (whole, rest) in zip(tables, grid, strict=True):
        stack(whole, rows, lambda row: row.latency_parts_mean_ms, colours)
        _mark_percentiles(whole, rows)
        whole.set_title(title)
        stack(rest, rows, _after_end_point, {part: colours[part] for part in LATENCY_PARTS[1:]})
        label_totals(rest, rows, lambda row: sum(_after_end_point(row).values()), places=1)
        rest.set_title("after the end-point")
    grid[-1][0].set_xlabel("After the true end of speech (ms): mean, \u25cf p90, \u25cb p99")
    grid[-1][1].set_xlabel("After the end-point (ms): mean")
    legend_above(grid[0][0], colours, columns=len(colours))
    return figure


def _after_end_point(row: Row) -> Mapping[str, float]:
    return {part: value for part, value in row.latency_parts_mean_ms.items() if part != "end_pointing"}


def _mark_percentiles(axes: Axes, rows: tuple[Row, ...]) -> None:
    for index, row in enumerate(rows):
        if row.latency_p90_ms is not None and row.latency_p99_ms is not None:
            axes.plot(row.latency_p90_ms, index, "o", color="black", markersize=4)
            axes.plot(row.latency_p99_ms, index, "o", markeredgecolor="black", markerfacecolor="white", markersize=4)
