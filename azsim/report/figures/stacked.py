"""Stacked horizontal bars, one panel per table: what latency, traffic and energy figures share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from azsim.report.columns import significant
from azsim.report.figures.style import WIDTH_INCHES, in_words, name_rows
from azsim.report.results import Row

_HALF_BAR = 0.33
BAR_INCHES = 0.3

Parts = Callable[[Row], Mapping[str, float]]


def stack(axes: Axes, rows: Sequence[Row], parts_of: Parts, colours: Mapping[str, str], named: bool = True) -> None:
    """Draw one bar per row, its parts in the order of ``colours``; what is negative grows to the left of zero."""
    corners, fills = [], []
    for place, row in enumerate(rows):
        right = left = 0.0
        parts = parts_of(row)
        for part, colour in colours.items():
            value = parts.get(part, 0.0)
            if value == 0:
                continue
            begin = right if value > 0 else left
            low, high = place - _HALF_BAR, place + _HALF_BAR
            corners.append([(begin, low), (begin + value, low), (begin + value, high), (begin, high)])
            fills.append(colour)
            right, left = right + max(value, 0.0), left + min(value, 0.0)
    axes.add_collection(PolyCollection(corners, facecolors=fills, edgecolors="white", linewidths=0.4), autolim=False)
    name_rows(axes, [row.config for row in rows])
    if not named:
        axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(6))


def reach(rows: Iterable[Row], parts_of: Parts) -> tuple[float, float]:
    """The limits of an axis that holds every bar and the number at its end; 0 to 1 if all are empty."""
    least = min((sum(min(value, 0.0) for value in parts_of(row).values()) for row in rows), default=0.0)
    most = max((sum(max(value, 0.0) for value in parts_of(row).values()) for row in rows), default=0.0)
    return least, 1.16 * most if most > 0 else 1.0


def label_totals(axes: Axes, rows: Sequence[Row], total_of: Callable[[Row], float | None]) -> None:
    """Write each bar's total at its end, in about three digits."""
    for place, row in enumerate(rows):
        total = total_of(row)
        text = "none" if total is None else significant(total)
        axes.annotate(
            text, (max(total or 0.0, 0.0), place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8
        )


def ordered_parts(rows: Sequence[Row], parts_of: Parts, least_share: float = 0.0) -> list[str]:
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


def legend_above(figure: Figure, colours: Mapping[str, str], left_inches: float) -> None:
    """One entry per part, in one line above the panels."""
    handles = [Patch(color=colour, label=in_words(part)) for part, colour in colours.items()]
    anchor = (left_inches / WIDTH_INCHES, 1 - 0.06 / figure.get_figheight())
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=anchor,
        ncols=len(handles),
        handlelength=1.2,
        columnspacing=1.2,
    )
