"""Where the parts of a figure stand: two widths, panels at places in inches, legends of as many lines as they need.

Panels stand at places given in inches, not where a layout engine finds room for them: measuring every text several
times over took most of the time of a report. Text is as large as it is drawn on the page: a figure for a narrow window
is drawn for it, with its panels below one another, and not shrunk.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

POINTS = 8.5
"""The smallest text of a figure."""
_EM_PER_LETTER = 0.6
_LEGEND_LINE = 0.185
_HANDLE_INCHES = 0.42


@dataclass(frozen=True, slots=True)
class Layout:
    """How wide a figure is, and whether its panels stand below one another."""

    width_inches: float
    is_narrow: bool = False


WIDE = Layout(9.0)
NARROW = Layout(4.2, is_narrow=True)
"""For windows below 700 px; in one of 390 px a point of text is 1.18 px."""


@dataclass(frozen=True, slots=True)
class Margins:
    """Room around and between the panels of a figure, in inches."""

    left: float
    right: float
    top: float
    bottom: float
    across: float = 0.3
    down: float = 0.3


def new_figure(height_inches: float, layout: Layout = WIDE) -> Figure:
    """A figure that no global state knows of."""
    return Figure(figsize=(layout.width_inches, height_inches))


def panel_grid(
    margins: Margins, heights_inches: Sequence[float], widths: Sequence[float] = (1.0,), layout: Layout = WIDE
) -> tuple[Figure, list[list[Axes]]]:
    """A figure as high as its panels need, and its panels, row by row; ``widths`` are shares of the room there is."""
    height = margins.top + sum(heights_inches) + margins.down * (len(heights_inches) - 1) + margins.bottom
    figure = new_figure(height, layout)
    whole = layout.width_inches
    room = whole - margins.left - margins.right - margins.across * (len(widths) - 1)
    grid, top = [], height - margins.top
    for panel_height in heights_inches:
        row, left = [], margins.left
        for share in widths:
            width = room * share / sum(widths)
            box = (left / whole, (top - panel_height) / height, width / whole, panel_height / height)
            row.append(figure.add_axes(box))
            left += width + margins.across
        grid.append(row)
        top -= panel_height + margins.down
    return figure, grid


def panels_of(
    margins: Margins, heights_inches: Sequence[Sequence[float]], layout: Layout
) -> tuple[Figure, list[list[Axes]]]:
    """Rows of panels: side by side where there is room, below one another in a narrow figure; in their rows again.

    ``heights_inches``: of each panel of each row; a row side by side is as high as its highest.
    """
    columns = max(map(len, heights_inches))
    if not layout.is_narrow:
        return panel_grid(margins, [max(row) for row in heights_inches], [1.0] * columns, layout)
    figure, grid = panel_grid(margins, [height for row in heights_inches for height in row], layout=layout)
    single = iter([row[0] for row in grid])
    return figure, [[next(single) for _ in row] for row in heights_inches]


def width_inches(texts: Iterable[str], points: float = POINTS) -> float:
    """At least as wide as the longest of ``texts`` in the report's letters."""
    return max((len(text) for text in texts), default=0) * _EM_PER_LETTER * points / 72


def label_below(axes: Axes, text: str, inches: float = 0.3) -> None:
    """Name the horizontal axis, ``inches`` below it."""
    axes.set_xlabel(text)
    axes.xaxis.set_label_coords(0.5, -inches / height_of(axes))


def label_left(axes: Axes, text: str, inches: float = 0.45) -> None:
    """Name the vertical axis, its letters ending ``inches`` to the left of it."""
    axes.set_ylabel(text)
    width = axes.get_position().width * axes.figure.get_figwidth()
    axes.yaxis.set_label_coords(-inches / width, 0.5)


def height_of(axes: Axes) -> float:
    """Of a panel, in inches."""
    return axes.get_position().height * axes.figure.get_figheight()


def legend_columns(labels: Sequence[str], room_inches: float) -> int:
    """How many entries stand in a line."""
    each = width_inches(labels) + _HANDLE_INCHES
    return max(1, min(len(labels), int(room_inches / each)))


def legend_inches(labels: Sequence[str], room_inches: float) -> float:
    """Height of a legend in that room."""
    return _LEGEND_LINE * math.ceil(len(labels) / legend_columns(labels, room_inches)) if labels else 0.0


def legend_at(
    figure: Figure, handles: Sequence[Artist], left_inches: float, from_top_inches: float, room_inches: float
) -> None:
    """A legend whose upper left corner is there, in as many lines as it needs."""
    labels = [str(handle.get_label()) for handle in handles]
    figure.legend(
        handles=list(handles),
        loc="upper left",
        bbox_to_anchor=(left_inches / figure.get_figwidth(), 1 - from_top_inches / figure.get_figheight()),
        ncols=legend_columns(labels, room_inches),
        handlelength=1.5,
        handletextpad=0.6,
        columnspacing=1.0,
        labelspacing=0.25,
        borderpad=0.0,
    )
