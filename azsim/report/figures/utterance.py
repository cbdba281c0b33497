"""One utterance on the device, from wake to final words: sound, engines, music."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from azsim.report.figures.style import ALERT, GREY, OKABE_ITO, new_figure
from azsim.report.results import Comparison, TracedUtterance
from azsim.soc.timeline import Instant, Span

_PS_PER_S = 1e12
_BINS = 300
_MARKS = {
    "true end of speech": "black",
    "end-point": OKABE_ITO[3],
    "final words": OKABE_ITO[2],
    "first partial": OKABE_ITO[0],
}
_TROUBLE = {"underrun": "x", "deadline miss": "|"}


def draw(comparison: Comparison) -> Figure | None:
    """Audio envelope, busy engines, fill of the music ring, with what happened when.

    Returns: None without a traced utterance.
    """
    traced = comparison.traced
    if traced is None:
        return None
    tracks = [
        (label, spans)
        for label, prefix in (("NPU", "npu"), ("CPU", "cpu"), ("DRAM", "dram"), ("network", "network"))
        if (spans := [span for span in traced.timeline.spans if span.track.startswith(prefix)])
    ]
    ring = traced.timeline.counters.get(traced.ring_counter) if traced.ring_counter else None
    heights = [1.5] + [1.0] * len(tracks) + ([1.2] if ring is not None else [])
    figure = new_figure(1.0 + 0.8 * sum(heights))
    grid = figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
    _envelope(grid[0], traced)
    for row, (label, spans) in enumerate(tracks, start=1):
        _busy(grid[row], label, spans, traced.timeline.elapsed_ps)
    if ring is not None:
        _ring(grid[-1], ring, traced.ring_capacity)
    _marks(grid, traced.timeline.instants)
    grid[0].set_xlim(0, 1.01 * traced.timeline.elapsed_ps / _PS_PER_S)
    grid[-1].set_xlabel("Time since the first sample (s)")
    heading = f"{traced.timeline.utterance} on {traced.config}" + (f": {traced.text}" if traced.text else "")
    grid[0].set_title(shorten(heading, 100, placeholder=" \u2026"))
    figure.align_ylabels(list(grid))
    return figure


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


def _envelope(axes: Axes, traced: TracedUtterance) -> None:
    seconds = np.arange(len(traced.envelope)) * traced.envelope_step_ms / 1000
    axes.fill_between(seconds, -traced.envelope, traced.envelope, color=OKABE_ITO[5], linewidth=0)
    reach = max(float(np.max(traced.envelope, initial=0.0)), 0.05)
    axes.set_ylim(-1.1 * reach, 1.1 * reach)
    axes.set_ylabel("audio\n(of full scale)")


def _busy(axes: Axes, label: str, spans: Sequence[Span], elapsed_ps: int) -> None:
    share = busy_share(spans, elapsed_ps, _BINS)
    tracks = len({span.track for span in spans})
    edges_s = np.linspace(0.0, elapsed_ps, _BINS + 1) / _PS_PER_S
    axes.stairs(100 * share / tracks, edges_s, fill=True, color=OKABE_ITO[0] if label == "NPU" else GREY)
    axes.set_ylim(0, max(5.0, 108 * float(share.max()) / tracks))
    axes.set_ylabel(f"{label} busy\n(%{' per core' if tracks > 1 else ''})")


def _ring(axes: Axes, ring: tuple[np.ndarray, np.ndarray], capacity: float | None) -> None:
    times_ps, values = ring
    scale = 100.0 / capacity if capacity else 1.0
    seconds, fill = _thinned(np.asarray(times_ps) / _PS_PER_S, np.asarray(values) * scale)
    axes.step(seconds, fill, where="post", color=OKABE_ITO[4], linewidth=1.0)
    axes.set_ylim(bottom=0, top=108 if capacity else None)
    axes.set_ylabel("music ring\n(% full)" if capacity else "music ring\n(frames)")


def _thinned(times: np.ndarray, values: np.ndarray, stretches: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """At most two points per stretch, the least and the largest, so that no dip is lost."""
    if len(times) <= 2 * stretches:
        return times, values
    kept: set[int] = set()
    for part in np.array_split(np.arange(len(times)), stretches):
        kept.update((int(part[np.argmin(values[part])]), int(part[np.argmax(values[part])])))
    index = sorted(kept)
    return times[index], values[index]


def _marks(grid: Sequence[Axes], instants: Sequence[Instant]) -> None:
    """Vertical lines through all panels, named in a legend above; troubles as ticks on the last panel."""
    named: set[str] = set()
    for instant in instants:
        seconds = instant.time_ps / _PS_PER_S
        if instant.name in _MARKS:
            for axes in grid:
                label = instant.name if axes is grid[0] and instant.name not in named else None
                axes.axvline(seconds, color=_MARKS[instant.name], linewidth=1.1, linestyle="--", label=label)
        elif instant.name in _TROUBLE:
            label = None if instant.name in named else instant.name
            height = 0.1 if instant.name == "underrun" else 0.9
            marker = _TROUBLE[instant.name]
            grid[-1].plot(
                seconds,
                height,
                marker,
                color=ALERT,
                transform=grid[-1].get_xaxis_transform(),
                label=label,
                linestyle="",
            )
        named.add(instant.name)
    figure = grid[0].figure
    handles = [handle for axes in (grid[0], grid[-1]) for handle in axes.get_legend_handles_labels()[0]]
    if handles:
        figure.legend(handles=handles, loc="outside upper left", ncols=6)
