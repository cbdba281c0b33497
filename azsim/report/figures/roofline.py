"""The chip's roofline with the layers on it: is a layer held by DRAM, by the decoder or by the multipliers?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from azsim.report.figures.style import (
    GREY,
    MARKERS,
    WIDTH_INCHES,
    Margins,
    config_colours,
    label_below,
    label_left,
    panel_grid,
    width_inches,
)
from azsim.report.results import Comparison, Roofline, RooflinePoint

RESIDENT_RIDGES = 5.0  # a layer this many times beyond the ridge is drawn as resident
_AREAS = (95.0, 60.0, 34.0, 16.0)  # of a layer's marker, in square points: layers that coincide nest and are all seen


def draw(comparison: Comparison) -> Figure | None:
    """Multiply-accumulates per second over multiply-accumulates per DRAM byte, log-log; one panel per network.

    Returns: None without a roofline or without layers on it.
    """
    roofline = comparison.roofline
    if roofline is None or not any(point.time_ns > 0 for point in roofline.points):
        return None
    named = (("trained recogniser", False), ("production size", True))
    sets = [(title, [p for p in roofline.points if p.timing_only == only and p.time_ns > 0]) for title, only in named]
    sets = [(title, points) for title, points in sets if points]
    shown = {point.config for point in roofline.points}
    colours = {name: colour for name, colour in config_colours(comparison).items() if name in shown}
    layers = list(dict.fromkeys(point.layer for point in roofline.points))
    right = width_inches([*colours, *layers], 8.5) + 0.55
    margins = Margins(left=0.6, right=right, top=0.3, bottom=0.5, across=0.2)
    figure, [grid] = panel_grid(margins, [3.5], [1.0] * len(sets))
    low, high = _range(roofline)
    bottom = min(point.macs / point.time_ns for _, points in sets for point in points) / 1.6
    for axes, (title, points) in zip(grid, sets, strict=True):
        _axes(axes, low, high, bottom, roofline.window_gmacs)
        _ceilings(axes, roofline, low, high)
        _layers(axes, points, layers, colours, high)
        axes.set_title(title)
        label_below(axes, "Operations per DRAM byte (MAC/B, log)")
        axes.tick_params(labelleft=axes is grid[0])
    label_left(grid[0], "Speed (GMAC/s, zeros counted, log)", 0.35)
    figure.legend(
        handles=_handles(layers, colours), loc="upper left", bbox_to_anchor=(1 - (right - 0.1) / WIDTH_INCHES, 0.93)
    )
    return figure


def _range(roofline: Roofline) -> tuple[float, float]:
    """Least and largest operations per byte on the axis; layers that are resident, or all but, stand beyond."""
    ridge = roofline.window_gmacs / roofline.dram_gbps
    ratios = [point.macs / point.dram_bytes for point in roofline.points if point.dram_bytes > 0]
    ratios = [ratio for ratio in ratios if ratio < RESIDENT_RIDGES * ridge]
    return min([*ratios, 1.0]) / 2, 2 * max([*ratios, ridge])


def _axes(axes: Axes, low: float, high: float, bottom: float, top: float) -> None:
    """Logarithmic axes; the strip of the resident layers at the right."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high * 4)
    axes.set_ylim(bottom, top * 1.6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
    axes.axvspan(high, high * 4, color="#eeeeee", zorder=0)
    axes.text(high * 2, 0.02, "resident", transform=axes.get_xaxis_transform(), ha="center", fontsize=7.5, color=GREY)


def _ceilings(axes: Axes, roofline: Roofline, low: float, high: float) -> None:
    ridge = roofline.window_gmacs / roofline.dram_gbps
    axes.plot([low / 2, ridge], [roofline.dram_gbps * low / 2, roofline.window_gmacs], color="black", linewidth=1.6)
    beside = math.sqrt(ridge * roofline.decoder_gpositions / roofline.dram_gbps)
    axes.text(
        beside,
        1.12 * roofline.dram_gbps * beside,
        f"DRAM port {roofline.dram_gbps:.1f} GB/s",
        rotation=math.degrees(math.atan2(roofline.dram_gbps, 1.0)),
        transform_rotates_text=True,
        rotation_mode="anchor",
        ha="center",
        va="bottom",
        fontsize=7.5,
    )
    levels = (
        (roofline.window_gmacs, "window", ":"),
        (roofline.multipliers_gmacs, "multipliers", "-"),
        (roofline.decoder_gpositions, "decoder (1 frame)", "--"),
    )
    for level, name, dashes in levels:
        begin = max(low, level / roofline.dram_gbps)
        axes.plot([begin, high * 4], [level, level], dashes, color="black", linewidth=1.2)
        axes.annotate(
            f"{name}: {level:.1f}",
            (begin, level),
            xytext=(8, 3),
            textcoords="offset points",
            fontsize=7.5,
        )


def _layers(
    axes: Axes, points: Sequence[RooflinePoint], layers: Sequence[str], colours: Mapping[str, str], high: float
) -> None:
    for index, layer in enumerate(layers):
        here = [point for point in points if point.layer == layer]
        ratios = [point.macs / point.dram_bytes if point.dram_bytes > 0 else high for point in here]
        axes.scatter(
            [ratio if ratio < high else high * 2 for ratio in ratios],
            [point.macs / point.time_ns for point in here],
            s=_AREAS[min(index, len(_AREAS) - 1)],
            c=[colours.get(point.config, GREY) for point in here],
            marker=MARKERS[index % len(MARKERS)],
            edgecolors="white",
            linewidths=0.6,
            zorder=3,
        )


def _handles(layers: Sequence[str], colours: Mapping[str, str]) -> list[Line2D]:
    configs = [
        Line2D([], [], linestyle="", marker="s", color=colour, label=name, markersize=6)
        for name, colour in colours.items()
    ]
    return configs + [
        Line2D(
            [],
            [],
            linestyle="",
            marker=MARKERS[index % len(MARKERS)],
            markerfacecolor="white",
            markeredgecolor=GREY,
            markersize=math.sqrt(_AREAS[min(index, len(_AREAS) - 1)]),
            label=layer,
        )
        for index, layer in enumerate(layers)
    ]
