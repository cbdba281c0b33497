"""Figures of the updates' report."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from azsim.report.figures.style import COLOURS, MARKERS, WIDTH_INCHES
from azsim.soc.update import PHASES
from experiments.updates.on_device import UpdateLoad
from experiments.updates.sizes import ReleaseSize

WAYS = {
    "full": "full",
    "delta afresh": "delta, compressed afresh",
    "delta all": "delta, all weights",
    "delta all 0.25": "delta, all weights, tolerance 0.25",
    "delta head": "delta, last encoder layer and joint",
    "delta tenth": "delta, a seeded tenth",
    "masked tenth": "masked delta, a seeded tenth",
}


def bytes_of(rows: Sequence[ReleaseSize], way: str, codec: str) -> list[tuple[int, int, float]]:
    """Release, bytes and WER of releases 1 to 5 of one of the `WAYS`."""
    kind, *rest = way.split(" ")
    series = rest[0] if rest and rest[0] != "afresh" else "all"
    how = "afresh" if rest == ["afresh"] else f"followed, tolerance {rest[1]}" if len(rest) > 1 else "followed"
    found = [row for row in rows if (row.series, row.codec, row.how) == (series, codec, how) and row.release]
    size = {
        "full": lambda row: row.full_bytes,
        "delta": lambda row: row.delta_bytes,
        "masked": lambda row: row.masked_bytes,
    }
    return [(row.release, size[kind](row), row.wer_percent) for row in found if size[kind](row)]


def bytes_and_words(rows: Sequence[ReleaseSize]) -> Figure:
    """WER against the bytes of each of five updates, one panel per codec."""
    codecs = list(dict.fromkeys(row.codec for row in rows))
    figure = Figure(figsize=(WIDTH_INCHES, 4.4), layout="constrained")
    panels = figure.subplots(1, len(codecs), sharex=True, sharey=True)
    for axes, codec in zip(panels, codecs, strict=True):
        for index, (way, label) in enumerate(WAYS.items()):
            points = bytes_of(rows, way, codec)
            if points:
                style = {"color": COLOURS[index], "marker": MARKERS[index], "linestyle": "none", "markersize": 6}
                axes.plot([size / 1024 for _, size, _ in points], [wer for *_, wer in points], label=label, **style)
        base = next(row.wer_percent for row in rows if row.codec == codec and not row.release)
        axes.axhline(base, color="#777777", linestyle="--", linewidth=1, label="WER before the first update")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_title(codec)
        axes.set_xlabel("Update (KiB, logarithmic)")
    panels[0].set_ylabel("Word error rate (%)")
    panels[0].set_ylim(0, 1.35 * max(row.wer_percent for row in rows))
    handles = {label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return figure


def phases(loads: Sequence[UpdateLoad]) -> Figure:
    """Time of each phase of an update, one panel per device."""
    names = list(dict.fromkeys(load.device for load in loads))
    figure = Figure(figsize=(WIDTH_INCHES, 3.4), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True)
    for axes, name in zip(panels, names, strict=True):
        shown = [load for load in loads if load.device == name and load.updates][::-1]
        for index, phase in enumerate(PHASES):
            known = [(load.phase_ms[phase] / 1000, place) for place, load in enumerate(shown) if load.phase_ms[phase]]
            style = {"color": COLOURS[index], "marker": MARKERS[index], "linestyle": "none", "fillstyle": "none"}
            axes.plot([seconds for seconds, _ in known], [place for _, place in known], label=phase, **style)
        axes.set_yticks(range(len(shown)), [load.update for load in shown])
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_title(name)
        axes.set_xlabel("Seconds of each phase (logarithmic)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(PHASES))
    return figure
