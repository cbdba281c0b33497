"""WER against the level of the echo, and how long the music waits for its packets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from azsim.report.figures.style import (
    ALERT,
    COLOURS,
    GREY,
    Margins,
    panel_grid,
    plain_ticks,
)
from experiments.echo.measure import LEVELS_DB, EchoCondition, PlayedMusic


def words_figure(conditions: Sequence[EchoCondition]) -> Figure:
    """WER against the level of the echo, with and without the canceller."""
    figure, [[axes]] = panel_grid(Margins(left=0.8, right=0.3, top=0.3, bottom=0.6), [3.2])
    quiet = conditions[0].row.wer_percent
    axes.axhline(quiet, color=GREY, lw=1, label=f"no music: {quiet:.1f} %")
    for cancelled, colour, label in ((False, ALERT, "as it is"), (True, COLOURS[0], "cancelled")):
        own = [one for one in conditions if one.level_db is not None and one.cancelled == cancelled]
        wer = np.array([one.row.wer_percent for one in own])
        low = wer - np.array([one.row.wer_low_percent for one in own])
        high = np.array([one.row.wer_high_percent for one in own]) - wer
        axes.errorbar([one.level_db for one in own], wer, [low, high], fmt="o-", color=colour, capsize=3, label=label)
    axes.set_xticks(LEVELS_DB)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("Music against speech at the microphone (dB)")
    axes.set_ylabel("WER (%)")
    axes.legend()
    return figure


def refills_figure(music: Sequence[PlayedMusic], rings_ms: Mapping[str, float]) -> Figure:
    """Histograms of refill latencies, one panel per device, with what its ring bridges."""
    names = list(dict.fromkeys(one.device for one in music))
    margins = Margins(left=0.8, right=0.3, top=0.3, bottom=0.6, across=0.25)
    figure, [panels] = panel_grid(margins, [2.6], [1.0] * len(names))
    longest = max(float(one.refills_ms.max()) for one in music)
    edges = np.geomspace(0.1, max(longest * 1.2, 1.2 * max(rings_ms.values())), 60)
    for axes, name in zip(panels, names):
        for one in (each for each in music if each.device == name):
            label, colour = ("with speech", COLOURS[0]) if one.speech else ("without", COLOURS[1])
            axes.hist(one.refills_ms, edges, histtype="step", color=colour, label=label)
        axes.axvline(rings_ms[name], color=ALERT, lw=1, ls="--", label="the ring bridges this")
        axes.set_xscale("log")
        axes.set_yscale("log")
        plain_ticks(axes)
        axes.set_title(name, fontsize=8)
        axes.set_xlabel("Refill latency (ms)")
    panels[0].set_ylabel("Packets of music")
    for axes in panels[1:]:
        axes.sharey(panels[0])
        axes.tick_params(labelleft=False)
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low, 20 * high)  # room for the legend above the bars
    panels[0].legend(fontsize=7, loc="upper left")
    return figure
