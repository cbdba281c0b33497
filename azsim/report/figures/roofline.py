"""The chip's roofline with the layers on it: is a layer held by DRAM, by the decoder or by the multipliers?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from azsim.report.colours import INK, STRIP
from azsim.report.figures.layout import WIDE, Layout, Margins, legend_at, legend_inches, panel_grid, width_inches
from azsim.report.figures.style import MOST_SERIES, config_colours, config_markers, short_names
from azsim.report.fitted import shortened
from azsim.report.results import Comparison
from azsim.report.roofline import Roofline, RooflinePoint

RESIDENT_RIDGES = 5.0  # a layer this many times beyond the ridge is drawn as resident
MOST_LAYERS = 8
"""Of a network: those that take the most time."""
_PANEL_INCHES = 1.75

Panel = tuple[str, Sequence[RooflinePoint]]


def draw(comparison: Comparison, layout: Layout = WIDE) -> Figure | None:
    """Multiply-accumulates per second over multiply-accumulates per DRAM byte, log-log; one panel per layer.

    Returns: None without a roofline or without layers on it.
    """
    roofline = comparison.roofline
    if roofline is None:
        return None
    shown = {point.config for point in roofline.points}
    names = short_names(name for name in config_colours(comparison) if name in shown)
    columns = 2 if layout.is_narrow else 4
    each = (layout.width_inches - 0.75 - 0.3 * (columns - 1)) / columns
    panels = _panels(roofline, list(names), int(each / width_inches(["x"])))
    if not panels:
        return None
    handles = _handles(comparison, roofline, names)
    labels = [str(handle.get_label()) for handle in handles]
    room = layout.width_inches - 0.75
    margins = Margins(
        left=0.65, right=0.1, top=0.15 + legend_inches(labels, room) + 0.3, bottom=0.55, across=0.3, down=0.5
    )
    lines = math.ceil(len(panels) / columns)
    figure, grid = panel_grid(margins, [_PANEL_INCHES] * lines, [1.0] * columns, layout)
    legend_at(figure, handles, 0.65, 0.1, room)
    places = [axes for row in grid for axes in row]
    for axes in places[len(panels) :]:
        axes.remove()
    low, high = _range(roofline)
    bottom = min(point.macs / point.time_ns for _, points in panels for point in points) / 1.6
    colours, markers = config_colours(comparison), config_markers(comparison)
    for index, (axes, (title, points)) in enumerate(zip(places, panels, strict=False)):
        _axes(axes, low, high, bottom, roofline.window_gmacs)
        _ceilings(axes, roofline, low, high)
        _layers(axes, points, colours, markers, high)
        axes.set_title(title, fontsize=8.5, fontweight="normal")
        axes.tick_params(labelleft=index % columns == 0)
    height = figure.get_figheight()
    below = {"x": 0.65 / layout.width_inches, "y": 0.1 / height}
    figure.text(s="Operations per DRAM byte (MAC/B, log)", va="bottom", **below)
    figure.supylabel("Speed (GMAC/s, zeros counted, log)", x=0.08 / layout.width_inches, fontsize=8.5)
    return figure


def _panels(roofline: Roofline, names: Sequence[str], letters: int) -> list[Panel]:
    """Title and points of each panel, network by network, layer by layer; at most `MOST_SERIES` configurations each."""
    found: list[Panel] = []
    groups = [set(names[begin : begin + MOST_SERIES]) for begin in range(0, len(names), MOST_SERIES)]
    for network, only in (("trained", False), ("production", True)):
        points = [point for point in roofline.points if point.timing_only == only and point.time_ns > 0]
        time_ns: dict[str, float] = {}
        for point in points:
            time_ns[point.layer] = time_ns.get(point.layer, 0.0) + point.time_ns
        kept = sorted(time_ns, key=lambda layer: -time_ns[layer])[:MOST_LAYERS]
        for layer in (layer for layer in time_ns if layer in kept):
            for number, group in enumerate(groups, 1):
                part = f" ({number}/{len(groups)})" if len(groups) > 1 else ""
                title = f"{shortened(layer, letters - len(network) - len(part) - 2)}, {network}{part}"
                found.append((title, [p for p in points if p.layer == layer and p.config in group]))
    return [(title, points) for title, points in found if points]


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
    for axis, reach in ((axes.xaxis, high * 4 / low), (axes.yaxis, top * 1.6 / bottom)):
        axis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0) if reach < 70 else (1.0,)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
    axes.axvspan(high, high * 4, color=STRIP, zorder=0)


def _ceilings(axes: Axes, roofline: Roofline, low: float, high: float) -> None:
    ridge = roofline.window_gmacs / roofline.dram_gbps
    slope = [roofline.dram_gbps * low / 2, roofline.window_gmacs]
    axes.plot([low / 2, ridge], slope, color=INK, linewidth=1.6)
    for level, dashes in (
        (roofline.window_gmacs, ":"),
        (roofline.multipliers_gmacs, "-"),
        (roofline.decoder_gpositions, "--"),
    ):
        begin = max(low, level / roofline.dram_gbps)
        axes.plot([begin, high * 4], [level, level], dashes, color=INK, linewidth=1.0)


def _layers(
    axes: Axes,
    points: Sequence[RooflinePoint],
    colours: Mapping[str, str],
    markers: Mapping[str, str | tuple[int, int, int]],
    high: float,
) -> None:
    """Open marks, so that those that coincide are all seen."""
    for point in points:
        ratio = point.macs / point.dram_bytes if point.dram_bytes > 0 else high
        look = {"markerfacecolor": "none", "markeredgecolor": colours[point.config], "markeredgewidth": 1.4}
        place = ratio if ratio < high else high * 2
        axes.plot(place, point.macs / point.time_ns, marker=markers[point.config], linestyle="", zorder=3, **look)


def _handles(comparison: Comparison, roofline: Roofline, names: Mapping[str, str]) -> list[Line2D | Patch]:
    colours, markers = config_colours(comparison), config_markers(comparison)
    handles: list[Line2D | Patch] = []
    for name, short in names.items():
        look = {"markerfacecolor": "none", "markeredgecolor": colours[name], "markeredgewidth": 1.4}
        handles.append(Line2D([], [], linestyle="", marker=markers[name], label=short, **look))
    for label, dashes, width in (
        (f"DRAM port {roofline.dram_gbps:.1f} GB/s", "-", 1.6),
        (f"window {roofline.window_gmacs:.1f}", ":", 1.0),
        (f"multipliers {roofline.multipliers_gmacs:.1f}", "-", 1.0),
        (f"decoder {roofline.decoder_gpositions:.1f}", "--", 1.0),
    ):
        handles.append(Line2D([], [], color=INK, linestyle=dashes, linewidth=width, label=label))
    return [*handles, Patch(color=STRIP, label="resident layers")]
