"""Who moves how much through DRAM while somebody speaks."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from azsim.report.figures.stacked import label_totals, legend_above, ordered_parts, stack
from azsim.report.figures.style import new_figure, panels, part_colours
from azsim.report.results import Comparison, Row


def draw(comparison: Comparison) -> Figure | None:
    """Bytes per second of speech by client, one panel per table, each with its own scale.

    Returns: None if nothing was moved.
    """
    tables = [(title, rows) for title, rows in panels(comparison) if any(_megabytes(row) for row in rows)]
    if not tables:
        return None
    colours = part_colours(ordered_parts([row for _, rows in tables for row in rows], _megabytes))
    figure = new_figure(1.1 + max(0.3 * len(rows) + 0.6 for _, rows in tables))
    for axes, (title, rows) in zip(figure.subplots(1, len(tables), squeeze=False)[0], tables, strict=True):
        stack(axes, rows, _megabytes, colours)
        label_totals(axes, rows, lambda row: sum(_megabytes(row).values()), places=1)
        axes.set_title(title)
        axes.set_xlabel("DRAM traffic (MB per second of speech)")
    legend_above(figure.axes[0], colours, columns=6)
    return figure


def _megabytes(row: Row) -> Mapping[str, float]:
    return {client: value / 1e6 for client, value in row.dram_by_client_bytes_per_s_speech.items()}
