"""The report's three figures: availability and word errors against the link, answers over time, energy by path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from azsim.report.figures.style import (
    COLOURS,
    GREY,
    MARKERS,
    Margins,
    label_below,
    label_left,
    panel_grid,
)
from experiments.availability.requests import PATHS, PathOutcome
from experiments.availability.tables import PathResult

COLOURS = dict(zip(PATHS, (COLOURS[2], COLOURS[3], COLOURS[0])))
SHAPES = dict(zip(PATHS, MARKERS))
WIDE = {"device": {"linewidth": 4.5, "alpha": 0.45}, "cloud": {}, "hybrid": {}}
"""The device's line lies below the others and is wide enough to be seen there."""
LINES = {"20s": "-", "2s": "--"}
MARGINS = Margins(left=0.65, right=0.15, top=0.75, bottom=0.5, across=0.25, down=0.35)
PS_PER_S = 10**12


def over_links(rows: Sequence[PathResult], limits_s: Sequence[float]) -> Figure:
    """Share answered within the middle limit, and WER over all requests, against the link's share of time up."""
    devices = list(dict.fromkeys(row.device for row in rows))
    figure, grid = panel_grid(MARGINS, [1.9, 1.9], [1.0] * len(devices))
    middle = len(limits_s) // 2
    handles = {}
    for column, device in enumerate(devices):
        for path in PATHS:
            for outage, line in LINES.items():
                chosen = [
                    row
                    for row in rows
                    if row.device == device
                    and row.path == path
                    and not row.local_processing
                    and (row.link == "steady" or row.link.endswith(f"-{outage}"))
                ]
                chosen.sort(key=lambda row: row.up_percent)
                if path == "device" and outage != "20s":
                    continue
                name = path if path == "device" else f"{path}, outages of {outage[:-1]} s"
                look = {
                    "color": COLOURS[path],
                    "linestyle": line,
                    "marker": SHAPES[path],
                    "markersize": 4,
                    **WIDE[path],
                }
                ups = [row.up_percent for row in chosen]
                (handles[name],) = grid[0][column].plot(ups, [row.within_percent[middle] for row in chosen], **look)
                grid[1][column].plot(ups, [row.wer_percent for row in chosen], **look)
        grid[0][column].set_title(device)
        grid[0][column].set_ylim(0, 104)
        grid[1][column].set_ylim(0, 104)
        grid[0][column].set_xticklabels([])
        for row in grid:
            if column:
                row[column].set_yticklabels([])
        label_below(grid[1][column], "link up (% of the time)")
    label_left(grid[0][0], f"answered within {limits_s[middle]:g} s (%)")
    label_left(grid[1][0], "WER over all requests (%)")
    figure.legend(handles.values(), handles, loc="upper center", ncols=5, bbox_to_anchor=(0.5, 0.995))
    return figure


def over_time(outcomes: Sequence[PathOutcome], places: Sequence[tuple[str, str]]) -> Figure:
    """Share of the requests that have their words, against the time since the true end of speech.

    Args:
        outcomes: of all devices, links and paths.
        places: device and link of each panel.
    """
    figure, grid = panel_grid(MARGINS, [1.7] * -(-len(places) // 2), [1.0, 1.0])
    panels = [axes for row in grid for axes in row]
    handles = {}
    for axes, (device, link) in zip(panels, places, strict=False):
        for outcome in outcomes:
            if outcome.device.name != device or outcome.link.name != link or outcome.device.local_processing:
                continue
            late = [one.answer.latency_ps for one in outcome.asked if one.answer.latency_ps is not None]
            times_s = np.sort(np.maximum(np.array(late), 1)) / PS_PER_S
            shares = 100 * np.arange(1, len(times_s) + 1) / len(outcome.asked)
            ends = [0, *shares, shares[-1] if late else 0]
            (handles[outcome.path],) = axes.step(
                [0.05, *times_s, 12], ends, where="post", color=COLOURS[outcome.path], **WIDE[outcome.path]
            )
        axes.set_xscale("log")
        axes.set_xlim(0.2, 10)
        axes.set_xticks([0.2, 0.5, 1, 2, 5, 10], ["0.2", "0.5", "1", "2", "5", "10"])
        axes.minorticks_off()
        axes.set_ylim(0, 104)
        axes.set_title(f"{device}: {link}")
    for axes in panels[len(places) :]:
        axes.set_visible(False)
    for row in grid:
        label_left(row[0], "requests answered (%)")
        for axes in row:
            if row is grid[-1]:
                label_below(axes, "time since the end of speech (s)")
            else:
                axes.set_xticklabels([])
        for axes in row[1:]:
            axes.set_yticklabels([])
    figure.legend(handles.values(), handles, loc="upper center", ncols=3, bbox_to_anchor=(0.5, 0.995))
    return figure


def energy(rows: Sequence[PathResult], link: str) -> Figure:
    """Energy that one request adds to the device, and bytes of audio that it sends, by path."""
    chosen = [row for row in rows if row.link == link and not row.local_processing]
    devices = list(dict.fromkeys(row.device for row in chosen))
    margins = Margins(left=0.85, right=0.35, top=0.4, bottom=0.5, across=0.95, down=0.3)
    figure, ((left, right),) = panel_grid(margins, [1.9], [1.0, 1.0])
    for index, path in enumerate(PATHS):
        line = [row for row in chosen if row.path == path]
        places = np.arange(len(devices)) + 0.27 * (index - 1)
        look = {"height": 0.24, "color": COLOURS[path], "label": path}
        for axes, values, digits in (
            (left, [row.above_idle_mj for row in line], 0),
            (right, [row.audio_bytes / 1024 for row in line], 1),
        ):
            bars = axes.barh(places, values, **look)
            axes.bar_label(bars, [f"{value:,.{digits}f}" for value in values], padding=3, color=GREY, fontsize=8)
    for axes, text in ((left, "energy per request over silence (mJ)"), (right, "audio sent per request (KiB)")):
        axes.set_yticks(range(len(devices)), devices)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.14)
        label_below(axes, text)
    left.legend(loc="lower left", bbox_to_anchor=(0, 1.02), ncols=3)
    return figure
