"""What an utterance costs, by part of the device."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from azsim.report.figures.layout import WIDE, Layout, label_below
from azsim.report.figures.stacked import bar_panels, label_totals, ordered_parts, reach, stack
from azsim.report.figures.style import panels, part_colours
from azsim.report.results import Comparison, ConfigurationResult

LEAST_SHARE = 0.004
"""A part below this share of every bar is not drawn."""


def draw(comparison: Comparison, layout: Layout = WIDE) -> Figure | None:
    """Energy by part, whole on the left (one scale), above idle on the right (a scale per table).

    Returns: None if no energy is known.
    """
    tables = [
        (title, rows)
        for title, rows in panels(comparison)
        if any(row.energy_above_idle_by_part_mj_per_utterance for row in rows)
    ]
    if not tables:
        return None
    every = [row for _, rows in tables for row in rows]
    shown = dict.fromkeys(
        part for parts_of in (_whole, _above_idle) for part in ordered_parts(every, parts_of, LEAST_SHARE)
    )
    colours = part_colours(shown)
    figure, grid = bar_panels(tables, 2, colours, layout)
    for (title, rows), (whole, above) in zip(tables, grid, strict=True):
        stack(whole, rows, _whole, colours, layout)
        label_totals(whole, rows, lambda row: row.energy_mj_per_utterance, layout)
        whole.set_xlim(reach(every, _whole))
        whole.set_title(title)
        stack(above, rows, _above_idle, colours, layout, named=False)
        label_totals(above, rows, lambda row: row.energy_above_idle_mj_per_utterance, layout)
        above.set_xlim(reach(rows, _above_idle))
        above.set_title("above idle" + (" (own scale)" if len(tables) > 1 else ""))
        if layout.is_narrow or rows is tables[-1][1]:
            label_below(whole, "Energy per utterance, whole (mJ)")
            label_below(above, "Energy per utterance, above idle (mJ)")
    return figure


def _whole(row: ConfigurationResult) -> Mapping[str, float]:
    return row.energy_by_part_mj_per_utterance


def _above_idle(row: ConfigurationResult) -> Mapping[str, float]:
    return row.energy_above_idle_by_part_mj_per_utterance
