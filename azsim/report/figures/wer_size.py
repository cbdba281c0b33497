"""Word error rate against model size: which configurations are worth having."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from azsim.report.figures.style import GREY, config_colours, config_markers, new_figure
from azsim.report.results import Comparison, Row


def draw(comparison: Comparison) -> Figure | None:
    """WER (95 % interval) over bytes, the Pareto front, and what compression without fine-tuning would give.

    Returns: None if no row has a WER and a size.
    """
    rows = [row for row in comparison.rows if row.wer_percent is not None and row.model_bytes]
    if not rows:
        return None
    colours, markers = config_colours(comparison), config_markers(comparison)
    figure = new_figure(3.9)
    axes = figure.add_subplot()
    top = _top(rows)
    front = pareto_front(rows)
    axes.step(
        [row.model_bytes / 1024 for row in front if row.model_bytes],
        [row.wer_percent for row in front],
        where="post",
        color=GREY,
        linewidth=1.0,
        linestyle="--",
        label="Pareto front",
        zorder=1,
    )
    for row in rows:
        _point(axes, row, colours[row.config], markers[row.config], top)
    if any(row.wer_post_training_percent is not None for row in rows):
        axes.plot([], [], "o", markerfacecolor="white", markeredgecolor=GREY, label="same, not fine-tuned")
    axes.set_xscale("log")
    _size_ticks(axes, rows)
    axes.set_ylim(0, top)
    axes.set_xlabel("Model size (KiB, logarithmic)")
    axes.set_ylabel("Word error rate (%)")
    figure.legend(loc="outside right upper")
    return figure


def pareto_front(rows: Sequence[Row]) -> list[Row]:
    """The rows that no other row beats in both size and WER, smallest first."""
    front: list[Row] = []
    for row in sorted(rows, key=lambda r: (r.model_bytes, r.wer_percent)):
        if not front or (row.wer_percent or 0.0) < (front[-1].wer_percent or 0.0):
            front.append(row)
    return front


def _top(rows: Sequence[Row]) -> float:
    """Upper end of the WER axis: every interval, and what was not fine-tuned unless it is far worse."""
    reach = max(max(row.wer_percent or 0.0, row.wer_high_percent or 0.0) for row in rows) or 1.0
    untuned = [row.wer_post_training_percent for row in rows if row.wer_post_training_percent is not None]
    return 1.25 * max([reach, *(value for value in untuned if value <= 2 * reach)])


def _point(axes: Axes, row: Row, colour: str, marker: str, top: float) -> None:
    size_kib, wer = (row.model_bytes or 0) / 1024, row.wer_percent or 0.0
    if row.wer_low_percent is not None and row.wer_high_percent is not None:
        axes.vlines(size_kib, row.wer_low_percent, row.wer_high_percent, color=colour, linewidth=1.6)
    axes.plot(size_kib, wer, marker, color=colour, markeredgecolor="white", label=row.config, zorder=3)
    untuned = row.wer_post_training_percent
    if untuned is None:
        return
    shown = min(untuned, 0.93 * top)
    axes.plot([size_kib, size_kib], [wer, shown], ":", color=colour, linewidth=1.0, zorder=1)
    axes.plot(size_kib, shown, marker, markerfacecolor="white", markeredgecolor=colour, zorder=3)
    if untuned > shown:
        text = f"{untuned:.0f} % \u2191"
        axes.annotate(text, (size_kib, shown), xytext=(8, 0), textcoords="offset points", va="center", fontsize=8)


def _size_ticks(axes: Axes, rows: Sequence[Row]) -> None:
    sizes = [row.model_bytes / 1024 for row in rows if row.model_bytes]
    axes.set_xlim(min(sizes) / 1.3, max(sizes) * 1.3)
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
