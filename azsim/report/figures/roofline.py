"""The chip's roofline with the layers on it: is a layer held by DRAM, by the decoder or by the multipliers?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from azsim.report.figures.style import GREY, MARKERS, config_colours, new_figure
from azsim.report.results import Comparison, Roofline, RooflinePoint

RESIDENT_RIDGES = 5.0  # a layer this many times beyond the ridge is drawn as resident


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
    colours = config_colours(comparison)
    markers = _layer_markers(roofline.points)
    low, high = _range(roofline)
    figure = new_figure(4.2)
    for axes, (title, points) in zip(figure.subplots(1, len(sets), squeeze=False, sharey=True)[0], sets, strict=True):
        _ceilings(axes, roofline, low, high)
        _layers(axes, points, colours, markers, high)
        axes.set_title(title)
        axes.set_xlabel("Operations per DRAM byte (MAC/B, log)")
    figure.axes[0].set_ylabel("Speed (GMAC/s, zeros counted, log)")
    _legend(figure, roofline.points, colours, markers)
    return figure


def _range(roofline: Roofline) -> tuple[float, float]:
    """Least and largest operations per byte on the axis; layers that are resident, or all but, stand beyond."""
    ridge = roofline.window_gmacs / roofline.dram_gbps
    ratios = [point.macs / point.dram_bytes for point in roofline.points if point.dram_bytes > 0]
    ratios = [ratio for ratio in ratios if ratio < RESIDENT_RIDGES * ridge]
    return min([*ratios, 1.0]) / 2, 2 * max([*ratios, ridge])


def _ceilings(axes: Axes, roofline: Roofline, low: float, high: float) -> None:
    ratio = np.geomspace(low, high * 4, 200)
    top = roofline.window_gmacs
    slope = roofline.dram_gbps * ratio
    axes.plot(ratio[slope <= top], slope[slope <= top], color="black", linewidth=1.6)
    axes.annotate(
        f"DRAM port {roofline.dram_gbps:.1f} GB/s",
        (low * 1.15, roofline.dram_gbps * low),
        xytext=(8, -2),
        textcoords="offset points",
        fontsize=7.5,
        va="top",
    )
    lines = (
        (roofline.window_gmacs, "window: best with skipping", ":"),
        (roofline.multipliers_gmacs, "multipliers, no skipping", "-"),
        (roofline.decoder_gpositions, "decoder, one frame per tile", "--"),
    )
    for level, name, dashes in lines:
        axes.plot(
            [max(low, level / roofline.dram_gbps), high * 4], [level, level], dashes, color="black", linewidth=1.2
        )
        axes.annotate(
            f"{name} {level:.1f}",
            (high * 3.8, level),
            xytext=(0, 2),
            textcoords="offset points",
            fontsize=7.5,
            ha="right",
        )
    axes.axvspan(high, high * 4, color="#eeeeee", zorder=0)
    axes.annotate(
        "resident", (high * 2, 0.02), xycoords=("data", "axes fraction"), ha="center", fontsize=7.5, color=GREY
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high * 4)
    axes.set_ylim(top=top * 1.8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _layers(
    axes: Axes, points: Sequence[RooflinePoint], colours: dict[str, str], markers: dict[str, str], high: float
) -> None:
    for point in points:
        ratio = point.macs / point.dram_bytes if point.dram_bytes > 0 else high
        axes.plot(
            ratio if ratio < high else high * 2,
            point.macs / point.time_ns,
            markers[point.layer],
            color=colours.get(point.config, GREY),
            markeredgecolor="white",
            markeredgewidth=0.6,
            alpha=0.9,
        )


def _layer_markers(points: Sequence[RooflinePoint]) -> dict[str, str]:
    layers = list(dict.fromkeys(point.layer for point in points))
    return {layer: MARKERS[index % len(MARKERS)] for index, layer in enumerate(layers)}


def _legend(figure: Figure, points: Sequence[RooflinePoint], colours: dict[str, str], markers: dict[str, str]) -> None:
    shown = {point.config for point in points}
    handles = [
        Line2D([], [], linestyle="", marker="s", color=colour, label=name)
        for name, colour in colours.items()
        if name in shown
    ]
    handles += [
        Line2D([], [], linestyle="", marker=marker, markerfacecolor="white", markeredgecolor=GREY, label=layer)
        for layer, marker in markers.items()
    ]
    figure.legend(handles=handles, loc="outside right upper")
