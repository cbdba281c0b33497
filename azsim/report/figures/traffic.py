"""Who moves how much through DRAM while somebody speaks."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from azsim.report.figures.stacked import BAR_INCHES, label_totals, legend_above, ordered_parts, reach, stack
from azsim.report.figures.style import Margins, label_below, panel_grid, panels, part_colours, width_inches
from azsim.report.results import Comparison, Row


def draw(comparison: Comparison) -> Figure | None:
    """Bytes per second of speech by client, one panel per table, each with its own scale.

    Returns: None if nothing was moved.
    """
    tables = [(title, rows) for title, rows in panels(comparison) if any(_megabytes(row) for row in rows)]
    if not tables:
        return None
    every = [row for _, rows in tables for row in rows]
    colours = part_colours(ordered_parts(every, _megabytes))
    left = width_inches(row.config for row in every) + 0.15
    height = BAR_INCHES * max(len(rows) for _, rows in tables)
    margins = Margins(left=left, right=0.1, top=0.52, bottom=0.5, across=left + 0.1)
    figure, grid = panel_grid(margins, [height], [1.0] * len(tables))
    for axes, (title, rows) in zip(grid[0], tables, strict=True):
        stack(axes, rows, _megabytes, colours)
        label_totals(axes, rows, lambda row: sum(_megabytes(row).values()))
        axes.set_xlim(reach(rows, _megabytes))
        axes.set_title(title)
        label_below(axes, "DRAM traffic (MB per second of speech)")
    legend_above(figure, colours, left)
    return figure


def _megabytes(row: Row) -> Mapping[str, float]:
    return {client: value / 1e6 for client, value in row.dram_by_client_bytes_per_s_speech.items()}
