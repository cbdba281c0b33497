"""True end of speech to final words, split into its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from azsim.report.colours import INK
from azsim.report.figures.layout import WIDE, Layout, label_below
from azsim.report.figures.stacked import bar_panels, label_totals, reach, stack
from azsim.report.figures.style import panels, part_colours
from azsim.report.results import Comparison, ConfigurationResult
from azsim.report.timing import LATENCY_PARTS


def draw(comparison: Comparison, layout: Layout = WIDE) -> Figure | None:
    """Mean latency by part, both tables; beside it the same without the end-pointer's wait, which hides the rest.

    Returns: None if no utterance was recognised.
    """
    tables = [(title, rows) for title, rows in panels(comparison) if any(row.latency_parts_mean_ms for row in rows)]
    if not tables:
        return None
    every = [row for _, rows in tables for row in rows]
    colours = part_colours(LATENCY_PARTS)
    figure, grid = bar_panels(tables, 2, colours, layout)
    furthest = 1.05 * max([reach(every, _whole)[1] / 1.22, *(row.latency_p99_ms or 0.0 for row in every)])
    for (title, rows), (whole, rest) in zip(tables, grid, strict=True):
        stack(whole, rows, _whole, colours, layout)
        _mark_percentiles(whole, rows, layout)
        whole.set_xlim(reach(every, _whole)[0], furthest)
        whole.set_title(title)
        stack(rest, rows, _after_end_point, colours, layout, named=False)
        label_totals(rest, rows, lambda row: sum(_after_end_point(row).values()), layout)
        rest.set_xlim(reach(every, _after_end_point))
        rest.set_title("after the end-point")
        if layout.is_narrow or rows is tables[-1][1]:
            label_below(whole, "From end of speech (ms): bar mean, \u25cf p90, \u25cb p99")
            label_below(rest, "From the end-point (ms): mean")
    return figure


def _whole(row: ConfigurationResult) -> Mapping[str, float]:
    return row.latency_parts_mean_ms


def _after_end_point(row: ConfigurationResult) -> Mapping[str, float]:
    return {part: value for part, value in row.latency_parts_mean_ms.items() if part != "end_pointing"}


def _mark_percentiles(axes: Axes, rows: Sequence[ConfigurationResult], layout: Layout) -> None:
    """p90 within p99, so that both are seen where they coincide."""
    known = [(place + 0.1 * layout.is_narrow, row) for place, row in enumerate(rows) if row.latency_p99_ms is not None]
    places = [place for place, _ in known]
    axes.plot([row.latency_p99_ms for _, row in known], places, "o", color=INK, fillstyle="none", markersize=6)
    axes.plot([row.latency_p90_ms for _, row in known], places, "o", color=INK, markersize=3)
