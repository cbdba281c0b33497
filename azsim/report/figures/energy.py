"""What an utterance costs, by part of the device."""

from __future__ import annotations

from matplotlib.figure import Figure

from azsim.report.figures.stacked import label_totals, legend_above, ordered_parts, stack
from azsim.report.figures.style import new_figure, panels, part_colours
from azsim.report.results import Comparison, Row

_LEAST_SHARE = 0.004


def draw(comparison: Comparison) -> Figure | None:
    """Energy over idle by part; above each panel's axis the whole energy stands beside the bar's end.

    Returns: None if no energy is known.
    """
    tables = [
        (title, rows)
        for title, rows in panels(comparison)
        if any(row.energy_margin_by_part_mj_per_utterance for row in rows)
    ]
    if not tables:
        return None
    every = [row for _, rows in tables for row in rows]
    shown = dict.fromkeys(
        part for parts_of in (_whole, _margin) for part in ordered_parts(every, parts_of, _LEAST_SHARE)
    )
    colours = part_colours(list(shown))
    figure = new_figure(0.9 + sum(0.75 + 0.3 * len(rows) for _, rows in tables))
    grid = figure.subplots(
        len(tables), 2, squeeze=False, sharey="row", height_ratios=[1 + 0.4 * len(rows) for _, rows in tables]
    )
    for (title, rows), (whole, margin) in zip(tables, grid, strict=True):
        stack(whole, rows, _whole, colours)
        label_totals(whole, rows, lambda row: row.energy_mj_per_utterance, places=1)
        whole.set_title(title)
        stack(margin, rows, _margin, colours)
        label_totals(margin, rows, lambda row: row.energy_margin_mj_per_utterance, places=1)
        margin.set_title("over the same time without speech")
    grid[-1][0].set_xlabel("Energy per utterance, whole (mJ)")
    grid[-1][1].set_xlabel("Energy per utterance, margin (mJ)")
    legend_above(grid[0][0], colours, columns=6)
    return figure


def _whole(row: Row) -> dict[str, float]:
    return dict(row.energy_by_part_mj_per_utterance)


def _margin(row: Row) -> dict[str, float]:
    return dict(row.energy_margin_by_part_mj_per_utterance)
