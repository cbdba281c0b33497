"""Where the wait goes: true end of speech to final words, split into its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from azsim.report.figures.stacked import BAR_INCHES, label_totals, legend_above, reach, stack
from azsim.report.figures.style import Margins, label_below, panel_grid, panels, part_colours, width_inches
from azsim.report.results import LATENCY_PARTS, Comparison, Row


def draw(comparison: Comparison) -> Figure | None:
    """Mean latency by part, both tables; beside it the same without the end-pointer's wait, which hides the rest.

    Returns: None if no utterance was recognised.
    """
    tables = [(title, rows) for title, rows in panels(comparison) if any(row.latency_parts_mean_ms for row in rows)]
    if not tables:
        return None
    every = [row for _, rows in tables for row in rows]
    colours = part_colours(LATENCY_PARTS)
    left = width_inches(row.config for row in every) + 0.15
    figure, grid = panel_grid(
        Margins(left=left, right=0.1, top=0.52, bottom=0.5, down=0.55),
        [BAR_INCHES * len(rows) for _, rows in tables],
        (1.0, 1.0),
    )
    furthest = 1.05 * max([reach(every, _whole)[1] / 1.16, *(row.latency_p99_ms or 0.0 for row in every)])
    for (title, rows), (whole, rest) in zip(tables, grid, strict=True):
        stack(whole, rows, _whole, colours)
        _mark_percentiles(whole, rows)
        whole.set_xlim(reach(every, _whole)[0], furthest)
        whole.set_title(title)
        stack(rest, rows, _after_end_point, colours, named=False)
        label_totals(rest, rows, lambda row: sum(_after_end_point(row).values()))
        rest.set_xlim(reach(every, _after_end_point))
        rest.set_title("after the end-point")
    label_below(grid[-1][0], "After the true end of speech (ms): bar mean, \u25cf p90, \u25cb p99")
    label_below(grid[-1][1], "After the end-point (ms): mean")
    legend_above(figure, colours, left)
    return figure


def _whole(row: Row) -> Mapping[str, float]:
    return row.latency_parts_mean_ms


def _after_end_point(row: Row) -> Mapping[str, float]:
    return {part: value for part, value in row.latency_parts_mean_ms.items() if part != "end_pointing"}


def _mark_percentiles(axes: Axes, rows: Sequence[Row]) -> None:
    """p90 within p99, so that both are seen where they coincide."""
    known = [(place, row) for place, row in enumerate(rows) if row.latency_p99_ms is not None]
    places = [place for place, _ in known]
    axes.plot([row.latency_p99_ms for _, row in known], places, "o", color="black", fillstyle="none", markersize=6)
    axes.plot([row.latency_p90_ms for _, row in known], places, "o", color="black", markersize=3)
