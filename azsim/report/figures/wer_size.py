"""Word error rate against model size: which configurations are worth having."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from azsim.report.figures.style import (
    GREY,
    WIDTH_INCHES,
    Margins,
    config_colours,
    config_markers,
    label_below,
    label_left,
    panel_grid,
    width_inches,
)
from azsim.report.results import Comparison, Row

_ROOM = 1.4  # the axis reaches this many times beyond the smallest and the largest
_CLOSEST_SHARE = 0.012  # of the axis: points nearer than this are drawn so far apart
_UNTUNED = "same, not fine-tuned"


def draw(comparison: Comparison) -> Figure | None:
    """WER (95 % interval) over bytes, the Pareto front, and what compression without fine-tuning would give.

    Returns: None if no row has a WER and a size.
    """
    rows = [row for row in comparison.rows if row.wer_percent is not None and row.model_bytes]
    if not rows:
        return None
    colours, markers = config_colours(comparison), config_markers(comparison)
    names = [*(row.config for row in rows), _UNTUNED]
    right = width_inches(names, 8.5) + 0.75
    figure, [[axes]] = panel_grid(Margins(left=0.6, right=right, top=0.15, bottom=0.5), [3.2])
    top, places = _top(rows), _places(rows)
    _front(axes, pareto_front(rows), places)
    for row in rows:
        _point(axes, row, places[row.config], colours[row.config], markers[row.config], top)
    if any(row.wer_post_training_percent is not None for row in rows):
        axes.plot([], [], "o", markerfacecolor="white", markeredgecolor=GREY, label=_UNTUNED)
    axes.set_xscale("log")
    sizes = [row.model_bytes / 1024 for row in rows]
    axes.set_xlim(min(sizes) / _ROOM, max(sizes) * _ROOM)
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0, top)
    label_below(axes, "Model size (KiB, logarithmic)")
    label_left(axes, "Word error rate (%)", 0.4)
    figure.legend(loc="upper left", bbox_to_anchor=(1 - (right - 0.15) / WIDTH_INCHES, 0.95))
    return figure


def pareto_front(rows: Sequence[Row]) -> list[Row]:
    """The rows that no other row beats in both size and WER, smallest first."""
    front: list[Row] = []
    for row in sorted(rows, key=lambda r: (r.model_bytes, r.wer_percent)):
        if not front or (row.wer_percent or 0.0) < (front[-1].wer_percent or 0.0):
            front.append(row)
    return front


def _front(axes: Axes, front: Sequence[Row], places: Mapping[str, float]) -> None:
    axes.step(
        [places[row.config] for row in front],
        [row.wer_percent for row in front],
        where="post",
        color=GREY,
        linewidth=1.0,
        linestyle="--",
        label="Pareto front",
        zorder=1,
    )


def _places(rows: Sequence[Row]) -> dict[str, float]:
    """Configuration -> where it stands on the axis in KiB: its size, moved a little where two would overlap."""
    by_size = sorted(rows, key=lambda row: row.model_bytes)
    logs = [math.log(row.model_bytes / 1024) for row in by_size]
    closest = _CLOSEST_SHARE * (logs[-1] - logs[0] + 2 * math.log(_ROOM))
    for right in range(1, len(logs)):
        short = closest - (logs[right] - logs[right - 1])
        if short > 0:
            logs[right - 1] -= short / 2
            logs[right] += short / 2
    return {row.config: math.exp(place) for row, place in zip(by_size, logs, strict=True)}


def _top(rows: Sequence[Row]) -> float:
    """Upper end of the WER axis: every interval, and what was not fine-tuned unless it is far worse."""
    reach = max(max(row.wer_percent or 0.0, row.wer_high_percent or 0.0) for row in rows) or 1.0
    untuned = [row.wer_post_training_percent for row in rows if row.wer_post_training_percent is not None]
    return 1.25 * max([reach, *(value for value in untuned if value <= 1.3 * reach)])


def _point(axes: Axes, row: Row, size_kib: float, colour: str, marker: str, top: float) -> None:
    wer = row.wer_percent or 0.0
    if row.wer_low_percent is not None and row.wer_high_percent is not None:
        axes.plot([size_kib, size_kib], [row.wer_low_percent, row.wer_high_percent], color=colour, linewidth=1.6)
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.5}
    axes.plot(size_kib, wer, marker, color=colour, label=row.config, zorder=3, **edge)
    untuned = row.wer_post_training_percent
    if untuned is None:
        return
    shown = min(untuned, 0.93 * top)
    axes.plot([size_kib, size_kib], [wer, shown], ":", color=colour, linewidth=1.0, zorder=1)
    axes.plot(size_kib, shown, marker, markerfacecolor="white", markeredgecolor=colour, zorder=3)
    if untuned > shown:
        text = f"\u2191 {untuned:.0f} %"
        axes.annotate(text, (size_kib, shown), xytext=(8, 0), textcoords="offset points", va="center", fontsize=8)
