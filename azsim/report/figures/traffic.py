"""Bytes through DRAM per second of speech, by client."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from azsim.report.figures.layout import WIDE, Layout, label_below
from azsim.report.figures.stacked import bar_panels, label_totals, ordered_parts, reach, stack
from azsim.report.figures.style import panels, part_colours
from azsim.report.results import Comparison, ConfigurationResult


def draw(comparison: Comparison, layout: Layout = WIDE) -> Figure | None:
    """Bytes per second of speech by client, one panel per table, each with its own scale.

    Returns: None if nothing was moved.
    """
    tables = [(title, rows) for title, rows in panels(comparison) if any(_megabytes(row) for row in rows)]
    if not tables:
        return None
    colours = part_colours(ordered_parts([row for _, rows in tables for row in rows], _megabytes))
    figure, grid = bar_panels(tables, 1, colours, layout)
    for [axes], (title, rows) in zip(grid, tables, strict=True):
        stack(axes, rows, _megabytes, colours, layout)
        label_totals(axes, rows, lambda row: sum(_megabytes(row).values()), layout)
        axes.set_xlim(reach(rows, _megabytes))
        axes.set_title(title)
        if layout.is_narrow or rows is tables[-1][1]:
            label_below(axes, "DRAM traffic (MB per second of speech)")
    return figure


def _megabytes(row: ConfigurationResult) -> Mapping[str, float]:
    return {client: value / 1e6 for client, value in row.dram_by_client_bytes_per_s_speech.items()}
