"""One utterance on the device, from wake to final words: sound, engines, music."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from azsim.report.colours import INK, STRIP
from azsim.report.figures.layout import (
    WIDE,
    Layout,
    Margins,
    label_below,
    legend_at,
    legend_inches,
    panel_grid,
    width_inches,
)
from azsim.report.figures.style import ALERT, COLOURS, part_colours, short_names
from azsim.report.fitted import shortened
from azsim.report.results import Comparison, TracedUtterance
from azsim.soc.timeline import Instant, Span, Timeline

_PS_PER_S = 1e12
_PS_PER_MS = 1_000_000_000
_BIN_MS = (10, 20, 50, 100, 200, 500, 1000)
_MOST_BINS = 600
_LEFT_INCHES = 0.5
_LINE_INCHES = 0.16
_MOST_LETTERS = 180
_PANEL_TITLE = {"fontsize": 8.5, "fontweight": "normal"}
_MARKS = {  # name -> colour, dashes, width: an end-point and final words that all but coincide are both seen
    "first word": (COLOURS[0], (0, (1, 1)), 1.2),
    "true end of speech": (INK, (0, (4, 2)), 1.2),
    "end-point": (COLOURS[1], "solid", 3.0),
    "final words": (COLOURS[2], (0, (4, 2)), 1.2),
}
_TROUBLE = {"underrun": ("x", 0.12), "deadline miss": ("|", 0.9)}
_TRACKS = (("NPU", "npu"), ("CPU", "cpu"), ("DRAM", "dram"), ("network", "network"))


def draw(comparison: Comparison, layout: Layout = WIDE) -> Figure | None:
    """Audio envelope, busy engines, fill of the music ring, with what happened when.

    The time axis reaches to the final words, or to the true end of speech where the end-point fired before it.

    Returns: None without a traced utterance.
    """
    traced = comparison.traced
    if traced is None:
        return None
    timeline = traced.timeline
    tracks = [
        (label, spans)
        for label, prefix in _TRACKS
        if (spans := [span for span in timeline.spans if span.track.startswith(prefix)])
    ]
    ring = timeline.counters.get(traced.ring_counter) if traced.ring_counter else None
    heights = [0.95] + [0.6] * len(tracks) + ([0.75] if ring is not None else [])
    heading, marks = _heading(traced, layout), _mark_handles(timeline.instants)
    room = layout.width_inches - _LEFT_INCHES - 0.1
    above = 0.1 + _LINE_INCHES * len(heading) + 0.1
    top = above + legend_inches([str(mark.get_label()) for mark in marks], room) + 0.3
    margins = Margins(left=_LEFT_INCHES, right=0.1, top=top, bottom=0.5, down=0.28)
    figure, rows = panel_grid(margins, heights, layout=layout)
    grid = [row[0] for row in rows]
    _envelope(grid[0], traced)
    for axes, (label, spans) in zip(grid[1:], tracks, strict=False):
        _busy(axes, label, spans, timeline.elapsed_ps)
    if ring is not None:
        _ring(grid[-1], ring, traced.ring_capacity)
    end_s = 1.01 * max([timeline.elapsed_ps, *(instant.time_ps for instant in timeline.instants)]) / _PS_PER_S
    for axes in grid:
        axes.set_xlim(0, end_s)
        axes.tick_params(labelbottom=axes is grid[-1])
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.xaxis.set_major_locator(MaxNLocator(5 if layout.is_narrow else 9))
    _not_simulated(grid[1:], timeline, end_s)
    _draw_marks(grid, timeline.instants)
    legend_at(figure, marks, _LEFT_INCHES, above, room)
    label_below(grid[-1], "Time since the first sample (s)")
    for index, (line, weight) in enumerate(heading):
        y = 1 - (0.1 + _LINE_INCHES * index) / figure.get_figheight()
        figure.text(_LEFT_INCHES / layout.width_inches, y, line, va="top", weight=weight)
    return figure


def _heading(traced: TracedUtterance, layout: Layout) -> list[tuple[str, str]]:
    """Lines and their weights: which utterance on what, what was said and what was delivered."""
    [config] = short_names([traced.config]).values()
    size = ", production size" if traced.timing_only else ""
    parts = [(f"{shortened(traced.timeline.utterance, 40)} on {config}{size}", "bold")]
    if traced.reference:
        parts.append((f"reference: \u201c{traced.reference}\u201d", "normal"))
    if traced.text or traced.reference:
        parts.append((f"delivered: \u201c{traced.text}\u201d", "normal"))
    letters = int((layout.width_inches - _LEFT_INCHES - 0.1) / width_inches(["x"]))
    return [(line, weight) for text, weight in parts for line in textwrap.wrap(shortened(text, _MOST_LETTERS), letters)]


def busy_share(spans: Sequence[Span], elapsed_ps: int, bins: int) -> np.ndarray:
    """float64 ``(bins,)``: busy time over time in equal stretches of ``elapsed_ps``; above 1 where engines overlap."""
    edges = np.linspace(0.0, elapsed_ps, bins + 1)
    starts = np.sort(np.array([span.start_ps for span in spans], dtype=np.float64))
    ends = np.sort(np.array([span.end_ps for span in spans], dtype=np.float64))
    return np.diff(_time_before(edges, starts) - _time_before(edges, ends)) / (elapsed_ps / bins)


def _time_before(edges: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Sum over ``times`` of ``max(0, edge - time)``, per edge."""
    count = np.searchsorted(times, edges)
    return count * edges - np.concatenate([[0.0], np.cumsum(times)])[count]


def _bin_ms(elapsed_ps: int) -> int:
    """A round stretch of time of which at most ``_MOST_BINS`` cover ``elapsed_ps``, if there is one."""
    return next((ms for ms in _BIN_MS if elapsed_ps <= _MOST_BINS * ms * _PS_PER_MS), _BIN_MS[-1])


def _envelope(axes: Axes, traced: TracedUtterance) -> None:
    seconds = np.arange(len(traced.envelope)) * traced.envelope_step_ms / 1000
    axes.fill_between(seconds, -traced.envelope, traced.envelope, color=COLOURS[6], linewidth=0)
    reach = max(float(np.max(traced.envelope, initial=0.0)), 0.05)
    axes.set_ylim(-1.1 * reach, 1.1 * reach)
    axes.set_title("sound at the microphone (of full scale)", **_PANEL_TITLE)


def _busy(axes: Axes, label: str, spans: Sequence[Span], elapsed_ps: int) -> None:
    bin_ms = _bin_ms(elapsed_ps)
    bins = -(-elapsed_ps // (bin_ms * _PS_PER_MS))
    tracks = len({span.track for span in spans})
    percent = 100 * busy_share(spans, bins * bin_ms * _PS_PER_MS, bins) / tracks
    edges_s = np.arange(bins + 1) * bin_ms / 1000
    axes.stairs(percent, edges_s, fill=True, color=part_colours([label.lower()])[label.lower()])
    axes.set_ylim(0, max(5.0, 1.08 * float(percent.max())))
    cores = f", mean of the {tracks} cores used" if tracks > 1 else ""
    axes.set_title(f"{label} busy (% of each {bin_ms} ms{cores})", **_PANEL_TITLE)


def _ring(axes: Axes, ring: tuple[np.ndarray, np.ndarray], capacity: float | None) -> None:
    times_ps, values = ring
    scale = 100.0 / capacity if capacity else 1.0
    seconds, fill = _thinned(np.asarray(times_ps) / _PS_PER_S, np.asarray(values) * scale)
    axes.step(seconds, fill, where="post", color=COLOURS[5], linewidth=1.0)
    axes.set_ylim(bottom=0, top=108 if capacity else None)
    title = "music ring (% full; 0 would be an underrun)" if capacity else "music ring (frames)"
    axes.set_title(title, **_PANEL_TITLE)


def _thinned(times: np.ndarray, values: np.ndarray, stretches: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """At most two points per stretch, the least and the largest, so that no dip is lost."""
    if len(times) <= 2 * stretches:
        return times, values
    kept: set[int] = set()
    for part in np.array_split(np.arange(len(times)), stretches):
        kept.update((int(part[np.argmin(values[part])]), int(part[np.argmax(values[part])])))
    index = sorted(kept)
    return times[index], values[index]


def _not_simulated(grid: Sequence[Axes], timeline: Timeline, end_s: float) -> None:
    """Grey where the device had answered before the speaker ended: nothing is recorded there."""
    answered_s = timeline.elapsed_ps / _PS_PER_S
    if end_s < 1.02 * answered_s:
        return
    for axes in grid:
        axes.axvspan(answered_s, end_s, color=STRIP, zorder=0)


def _known_marks(instants: Sequence[Instant]) -> list[tuple[str, float]]:
    return [(mark, i.time_ps / _PS_PER_S) for mark in _MARKS for i in instants if i.name == mark]


def _troubles(instants: Sequence[Instant]) -> dict[str, list[float]]:
    found = {name: [i.time_ps / _PS_PER_S for i in instants if i.name == name] for name in _TROUBLE}
    return {name: seconds for name, seconds in found.items() if seconds}


def _draw_marks(grid: Sequence[Axes], instants: Sequence[Instant]) -> None:
    """Vertical lines through all panels; troubles as ticks on the last panel."""
    known = _known_marks(instants)
    for axes in grid:
        for mark, at_s in known:
            colour, dashes, width = _MARKS[mark]
            axes.axvline(at_s, color=colour, linestyle=dashes, linewidth=width)
    place = {"transform": grid[-1].get_xaxis_transform(), "color": ALERT, "linestyle": ""}
    for name, seconds in _troubles(instants).items():
        marker, height = _TROUBLE[name]
        grid[-1].plot(seconds, [height] * len(seconds), marker, **place)


def _mark_handles(instants: Sequence[Instant]) -> list[Line2D]:
    """What the marks mean and when they are."""
    handles = []
    for mark, at_s in _known_marks(instants):
        colour, dash, width = _MARKS[mark]
        handles.append(Line2D([], [], color=colour, linestyle=dash, linewidth=width, label=f"{mark}, {at_s:.3f} s"))
    for name, seconds in _troubles(instants).items():
        label = f"{name} ({len(seconds)})"
        handles.append(Line2D([], [], color=ALERT, linestyle="", marker=_TROUBLE[name][0], label=label))
    return handles
