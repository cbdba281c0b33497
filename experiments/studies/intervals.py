"""Word error rates case by case, with their intervals: where cases are ways and no points of a curve."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from azsim.report.figures.style import COLOURS, WIDTH_INCHES, report_style, write_figure

ROW_INCHES = 0.3
Rate = tuple[float, float | None, float | None]


def draw_intervals(names: Sequence[str], panels: dict[str, Sequence[Rate]], name: str, out: Path) -> None:
    """A row for each case, a panel for each kind of speech.

    Args:
        names: of the cases, from the top.
        panels: title -> rate in percent, low and high end of its interval, of each case.
        name: of the figure's files.
        out: the report's folder.
    """
    with report_style():
        figure = Figure(figsize=(WIDTH_INCHES, ROW_INCHES * len(names) + 0.9), layout="constrained")
        places = np.arange(len(names))
        for axes, (title, rates) in zip(figure.subplots(1, len(panels), sharey=True), panels.items(), strict=True):
            values = np.array([value for value, _, _ in rates])
            ends = np.array(
                [(value if low is None else low, value if high is None else high) for value, low, high in rates]
            )
            arms = np.abs(ends.T - values)
            axes.errorbar(values, places, xerr=arms, fmt="o", color=COLOURS[0], capsize=2)
            axes.set(title=title, xlabel="word error rate, %", xlim=(0, None))
            axes.set_yticks(places, names)
        axes.invert_yaxis()
        write_figure(figure, name, out)
