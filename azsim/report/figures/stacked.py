"""Stacked horizontal bars, one panel per table: what latency, traffic and energy figures share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from azsim.report.colours import PAPER
from azsim.report.columns import significant
from azsim.report.figures.layout import Layout, Margins, legend_at, legend_inches, panels_of, width_inches
from azsim.report.figures.style import in_words, name_rows, short_names
from azsim.report.results import ConfigurationResult

_HALF_BAR = 0.33
_TITLE_INCHES = 0.3

Parts = Callable[[ConfigurationResult], Mapping[str, float]]


def bar_panels(
    tables: Sequence[tuple[str, Sequence[ConfigurationResult]]],
    columns: int,
    colours: Mapping[str, str],
    layout: Layout,
) -> tuple[Figure, list[list[Axes]]]:
    """A row of ``columns`` panels per table below a legend of the parts.

    In a wide figure the names of the bars stand to the left of the first panel, in a narrow one above each bar.
    """
    names = short_names(row.config for _, rows in tables for row in rows).values()
    left = 0.15 if layout.is_narrow else width_inches(names) + 0.2
    labels = [in_words(part) for part in colours]
    room = layout.width_inches - left - 0.1
    top = 0.1 + legend_inches(labels, room) + _TITLE_INCHES
    margins = Margins(left=left, right=0.15, top=top, bottom=0.5, down=0.85 if layout.is_narrow else 0.6)
    bar = 0.5 if layout.is_narrow else 0.3
    figure, grid = panels_of(margins, [[bar * len(rows)] * columns for _, rows in tables], layout)
    handles = [Patch(color=colour, label=in_words(part)) for part, colour in colours.items()]
    legend_at(figure, handles, left, 0.08, room)
    return figure, grid


def stack(
    axes: Axes,
    rows: Sequence[ConfigurationResult],
    parts_of: Parts,
    colours: Mapping[str, str],
    layout: Layout,
    named: bool = True,
) -> None:
    """Draw one bar per row, its parts in the order of ``colours``; what is negative grows to the left of zero."""
    corners, fills = [], []
    for place, row in enumerate(rows):
        right = left = 0.0
        parts = parts_of(row)
        half = 0.6 * _HALF_BAR if layout.is_narrow else _HALF_BAR
        centre = place + 0.1 if layout.is_narrow else place
        for part, colour in colours.items():
            value = parts.get(part, 0.0)
            if value == 0:
                continue
            begin = right if value > 0 else left
            low, high = centre - half, centre + half
            corners.append([(begin, low), (begin + value, low), (begin + value, high), (begin, high)])
            fills.append(colour)
            right, left = right + max(value, 0.0), left + min(value, 0.0)
    axes.add_collection(PolyCollection(corners, facecolors=fills, edgecolors=PAPER, linewidths=0.4), autolim=False)
    name_rows(axes, [row.config for row in rows], layout)
    if not named and not layout.is_narrow:
        axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(5))


def reach(rows: Iterable[ConfigurationResult], parts_of: Parts) -> tuple[float, float]:
    """The limits of an axis that holds every bar and the number at its end; 0 to 1 if all are empty."""
    least = min((sum(min(value, 0.0) for value in parts_of(row).values()) for row in rows), default=0.0)
    most = max((sum(max(value, 0.0) for value in parts_of(row).values()) for row in rows), default=0.0)
    return least, 1.22 * most if most > 0 else 1.0


def label_totals(
    axes: Axes,
    rows: Sequence[ConfigurationResult],
    total_of: Callable[[ConfigurationResult], float | None],
    layout: Layout,
) -> None:
    """Write each bar's total at its end, in about three digits."""
    for place, row in enumerate(rows):
        total = total_of(row)
        text = "none" if total is None else significant(total)
        centre = place + 0.1 if layout.is_narrow else place
        axes.annotate(text, (max(total or 0.0, 0.0), centre), (4, 0), textcoords="offset points", va="center")


def ordered_parts(rows: Sequence[ConfigurationResult], parts_of: Parts, least_share: float = 0.0) -> list[str]:
    """Every part that reaches ``least_share`` of some bar, the largest in sum first."""
    sums: dict[str, float] = {}
    kept: set[str] = set()
    for row in rows:
        parts = parts_of(row)
        total = sum(parts.values())
        for part, value in parts.items():
            sums[part] = sums.get(part, 0.0) + value
            if value > least_share * total:
                kept.add(part)
    return sorted(kept, key=lambda part: -sums[part])
