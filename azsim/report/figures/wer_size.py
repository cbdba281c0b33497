"""Word error rate against model size: which configurations are worth having."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from azsim.report.colours import LINE, PAPER, SOFT
from azsim.report.figures.layout import (
    POINTS,
    WIDE,
    Layout,
    Margins,
    height_of,
    label_below,
    label_left,
    legend_at,
    legend_inches,
    panel_grid,
    width_inches,
)
from azsim.report.figures.style import MOST_SERIES, config_colours, config_markers, short_names
from azsim.report.results import Comparison, ConfigurationResult

_ROOM = 1.4  # the axis reaches this many times beyond the smallest and the largest
_CLOSEST_SHARE = 0.012  # of the axis: points nearer than this are drawn so far apart
_UNTUNED = "same, not fine-tuned"
_FRONT = "Pareto front"
_PANEL_INCHES = 3.2
_LINE_INCHES = 0.17

Look = tuple[str, str | tuple[int, int, int], str]  # colour, marker, name


def draw(comparison: Comparison, layout: Layout = WIDE) -> Figure | None:
    """WER (95 % interval) over bytes, the Pareto front, and what compression without fine-tuning would give.

    At most `MOST_SERIES` configurations a panel stand out; the others are dots there.

    Returns: None if no row has a WER and a size.
    """
    rows = [row for row in comparison.rows if row.wer_percent is not None and row.model_bytes]
    if not rows:
        return None
    colours, markers = config_colours(comparison), config_markers(comparison)
    names = short_names(row.config for row in rows)
    looks = {name: (colours[name], markers[name], short) for name, short in names.items()}
    groups = [rows[begin : begin + MOST_SERIES] for begin in range(0, len(rows), MOST_SERIES)]
    labels = [*names.values(), _UNTUNED, _FRONT]
    aside = width_inches(labels) + 0.75
    room = layout.width_inches - 0.75 if layout.is_narrow else aside
    legend = max(legend_inches([looks[row.config][2] for row in group] + [_UNTUNED, _FRONT], room) for group in groups)
    top, places = _top(rows), _places(rows)
    right = 0.15 if layout.is_narrow else aside
    inches, limits = layout.width_inches - 0.65 - right, _limits(rows)
    lines = [_lines_beyond(group, places, limits, top, inches) for group in groups]
    beyond = _LINE_INCHES * max((line + 1 for found in lines for line in found.values()), default=0)
    below = 0.55 + (legend + 0.1 if layout.is_narrow else 0.0)
    title = 0.2 if len(groups) > 1 else 0.0
    margins = Margins(
        left=0.65,
        right=right,
        top=0.15 + beyond + title,
        bottom=below,
        down=below + beyond + title + 0.1,
    )
    height = _PANEL_INCHES if layout.is_narrow else max(_PANEL_INCHES, legend)
    figure, grid = panel_grid(margins, [height] * len(groups), layout=layout)
    for index, (group, [axes]) in enumerate(zip(groups, grid, strict=True)):
        _panel(axes, rows, group, places, looks, top)
        for row in group:
            if row.config in lines[index]:
                _name_beyond(axes, row, places[row.config], lines[index][row.config])
        if len(groups) > 1:
            first = index * MOST_SERIES + 1
            text = f"configurations {first} to {first + len(group) - 1} of {len(rows)}"
            axes.set_title(text, pad=4 + 72 * beyond)
        _legend(figure, axes, group, looks, layout, room)
    return figure


def pareto_front(rows: Sequence[ConfigurationResult]) -> list[ConfigurationResult]:
    """The rows that no other row beats in both size and WER, smallest first."""
    front: list[ConfigurationResult] = []
    for row in sorted(rows, key=lambda r: (r.model_bytes, r.wer_percent)):
        if not front or (row.wer_percent or 0.0) < (front[-1].wer_percent or 0.0):
            front.append(row)
    return front


def _panel(
    axes: Axes,
    rows: Sequence[ConfigurationResult],
    group: Sequence[ConfigurationResult],
    places: Mapping[str, float],
    looks: Mapping[str, Look],
    top: float,
) -> None:
    front = pareto_front(rows)
    stairs = [places[row.config] for row in front], [row.wer_percent for row in front]
    axes.step(*stairs, where="post", color=SOFT, linewidth=1.0, linestyle="--", zorder=1)
    others = [row for row in rows if row not in group]
    axes.plot([places[row.config] for row in others], [row.wer_percent for row in others], ".", color=LINE, zorder=1)
    for row in group:
        _point(axes, row, places[row.config], looks[row.config], top)
    axes.set_xscale("log")
    low, high = _limits(rows)
    axes.set_xlim(low, high)
    spread = high / low
    subs = (1.0, 2.0, 5.0) if spread < 30 else (1.0, 3.0) if spread < 300 else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=subs))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0, top)
    label_below(axes, "Model size (KiB, logarithmic)")
    label_left(axes, "Word error rate, whole recording (%)", 0.4)


def _legend(
    figure: Figure,
    axes: Axes,
    group: Sequence[ConfigurationResult],
    looks: Mapping[str, Look],
    layout: Layout,
    room: float,
) -> None:
    """To the right of its panel, or below it."""
    handles = [Line2D([], [], color=SOFT, linewidth=1.0, linestyle="--", label=_FRONT)]
    for colour, marker, name in (looks[row.config] for row in group):
        handles.append(Line2D([], [], linestyle="", marker=marker, color=colour, label=name))
    if any(row.wer_post_training_percent is not None for row in group):
        untuned = {"marker": "o", "markerfacecolor": PAPER, "markeredgecolor": SOFT}
        handles.append(Line2D([], [], linestyle="", label=_UNTUNED, **untuned))
    box, height = axes.get_position(), figure.get_figheight()
    from_top = (1 - box.y1) * height
    if layout.is_narrow:
        legend_at(figure, handles, 0.65, from_top + height_of(axes) + 0.5, room)
    else:
        legend_at(figure, handles, box.x1 * layout.width_inches + 0.2, from_top, room)


def _places(rows: Sequence[ConfigurationResult]) -> dict[str, float]:
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


def _top(rows: Sequence[ConfigurationResult]) -> float:
    """Upper end of the WER axis: every interval, and what was not fine-tuned unless it is far worse."""
    reach = max(max(row.wer_percent or 0.0, row.wer_high_percent or 0.0) for row in rows) or 1.0
    untuned = [row.wer_post_training_percent for row in rows if row.wer_post_training_percent is not None]
    return 1.25 * max([reach, *(value for value in untuned if value <= 1.3 * reach)])


def _point(axes: Axes, row: ConfigurationResult, size_kib: float, look: Look, top: float) -> None:
    colour, marker, _ = look
    wer = row.wer_percent or 0.0
    if row.wer_low_percent is not None and row.wer_high_percent is not None:
        axes.plot([size_kib, size_kib], [row.wer_low_percent, row.wer_high_percent], color=colour, linewidth=1.6)
    edge = {"markeredgecolor": PAPER, "markeredgewidth": 0.5}
    axes.plot(size_kib, wer, color=colour, marker=marker, zorder=3, **edge)
    untuned = row.wer_post_training_percent
    if untuned is None:
        return
    shown = min(untuned, 0.97 * top)
    axes.plot([size_kib, size_kib], [wer, shown], ":", color=colour, linewidth=1.0, zorder=1)
    axes.plot(size_kib, shown, marker=marker, markerfacecolor=PAPER, markeredgecolor=colour, zorder=3)


def _lines_beyond(
    group: Sequence[ConfigurationResult],
    places: Mapping[str, float],
    limits: tuple[float, float],
    top: float,
    inches: float,
) -> dict[str, int]:
    """Configuration whose unfine-tuned rate is beyond the panel -> the line above it that keeps the numbers apart."""
    low, high = limits
    ends: list[float] = []
    lines = {}
    beyond = [row for row in group if (row.wer_post_training_percent or 0.0) > top]
    for row in sorted(beyond, key=lambda row: places[row.config]):
        half = width_inches([_arrow(row)]) / 2
        centre = inches * math.log(places[row.config] / low) / math.log(high / low)
        line = next((index for index, end in enumerate(ends) if end < centre - half), len(ends))
        ends[line : line + 1] = [centre + half + 0.05]
        lines[row.config] = line
    return lines


def _arrow(row: ConfigurationResult) -> str:
    return f"\u2191 {row.wer_post_training_percent:.0f} %"


def _name_beyond(axes: Axes, row: ConfigurationResult, size_kib: float, line: int) -> None:
    axes.annotate(
        _arrow(row),
        (size_kib, 1.0),
        (0, 3 + 72 * _LINE_INCHES * line),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=POINTS,
    )


def _limits(rows: Sequence[ConfigurationResult]) -> tuple[float, float]:
    """Of the axis of sizes, in KiB."""
    sizes = [row.model_bytes / 1024 for row in rows]
    return min(sizes) / _ROOM, max(sizes) * _ROOM
