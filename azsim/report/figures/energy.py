"""What an utterance costs, by part of the device."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from azsim.report.figures.stacked import BAR_INCHES, label_totals, legend_above, ordered_parts, reach, stack
from azsim.report.figures.style import Margins, label_below, panel_grid, panels, part_colours, width_inches
from azsim.report.results import Comparison, Row

_LEAST_SHARE = 0.004


def draw(comparison: Comparison) -> Figure | None:
    """Energy by part, whole on the left (one scale), over idle on the right (a scale per table).

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
        part for parts_of in (_whole, _margin) for part in ordered_parts(every, parts_of, _LEAST_SHARE)
    )
    colours = part_colours(shown)
    left = width_inches(row.config for row in every) + 0.15
    figure, grid = panel_grid(
        Margins(left=left, right=0.1, top=0.52, bottom=0.5, down=0.55),
        [BAR_INCHES * len(rows) for _, rows in tables],
        (1.0, 1.0),
    )
    for (title, rows), (whole, margin) in zip(tables, grid, strict=True):
        stack(whole, rows, _whole, colours)
        label_totals(whole, rows, lambda row: row.energy_mj_per_utterance)
        whole.set_xlim(reach(every, _whole))
        whole.set_title(title)
        stack(margin, rows, _margin, colours, named=False)
        label_totals(margin, rows, lambda row: row.energy_above_idle_mj_per_utterance)
        margin.set_xlim(reach(rows, _margin))
        margin.set_title("due to speech" + (" (scale of its own)" if len(tables) > 1 else ""))
    label_below(grid[-1][0], "Energy per utterance, wake to final result (mJ)")
    label_below(grid[-1][1], "Energy over the same time without speech (mJ)")
    legend_above(figure, colours, left)
    return figure


def _whole(row: Row) -> Mapping[str, float]:
    return row.energy_by_part_mj_per_utterance


def _margin(row: Row) -> Mapping[str, float]:
    return row.energy_above_idle_by_part_mj_per_utterance
