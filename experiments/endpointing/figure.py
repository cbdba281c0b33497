"""The two figures of the report: early cuts against waiting, and when a result downstream is usable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from azsim.report.figures.style import (
    COLOURS,
    Margins,
    label_below,
    label_left,
    panel_grid,
    report_style,
    write_figure,
)
from experiments.endpointing.measure import OURS, EndPointingOutcome, Perceived

MARGINS = Margins(left=0.75, right=0.2, top=0.4, bottom=0.6, across=0.6, down=0.6)
PANEL_INCHES = 2.9
MOST_WAIT_MS, LEAST_CUT_PERCENT, MOST_CUT_PERCENT = 1_300, 0.3, 100
TICKS = (1, 3, 10, 30, 100)
CURVES = {
    "fixed rule": "s-", "silero-vad": "^-", "silero-vad and labels": "^:", "webrtcvad": "v-",
    "webrtcvad and labels": "v:", f"{OURS}, other quiet": "o-",
}  # fmt: skip
POINTS = {"sherpa's rules": "X", OURS: "*"}


def draw_curves(rows: Sequence[EndPointingOutcome], out: Path) -> None:
    """A panel for each set: the share that is cut early over the median wait, a curve for each end-pointer."""
    sets = list(dict.fromkeys(row.speech for row in rows))
    with report_style():
        figure, grid = panel_grid(MARGINS, [PANEL_INCHES], [1.0] * len(sets))
        for axes, speech in zip(grid[0], sets, strict=True):
            for index, (name, form) in enumerate([*CURVES.items(), *POINTS.items()]):
                own = [row for row in rows if (row.speech, row.end_pointer) == (speech, name)]
                waits = [row.ep50_ms for row in own]
                cuts = [max(row.early_cut_percent, LEAST_CUT_PERCENT) for row in own]
                size = 11 if name == OURS else 5 if name in POINTS else 3
                axes.plot(waits, cuts, form, color=COLOURS[index % len(COLOURS)], label=name, markersize=size)
            axes.set(title=speech, xlim=(-500, MOST_WAIT_MS), ylim=(LEAST_CUT_PERCENT * 0.8, MOST_CUT_PERCENT))
            axes.set_yscale("log")
            axes.set_yticks(TICKS, [str(tick) for tick in TICKS])
            axes.minorticks_off()
            label_below(axes, "median wait from the true end of speech, ms")
            label_left(axes, "cut early, % (0 is drawn as 0.3)")
        grid[0][0].legend(fontsize="small", loc="upper right")
        write_figure(figure, "curves", out)


def draw_perceived(results: Sequence[Perceived], out: Path) -> None:
    """When a result is usable over how long the work for it takes, with speculation and without."""
    sets = list(dict.fromkeys(each.speech for each in results))
    with report_style():
        figure, grid = panel_grid(MARGINS, [PANEL_INCHES * 0.8], [1.0] * len(sets))
        for axes, speech in zip(grid[0], sets, strict=True):
            own = [each for each in results if each.speech == speech]
            durations = [each.downstream_ms for each in own]
            late, early = ([getattr(each, key) for each in own] for key in ("without_ms", "with_speculation_ms"))
            axes.plot(durations, late, "s-", color=COLOURS[1], label="begun at the final end-point")
            axes.plot(durations, early, "o-", color=COLOURS[0], label="begun at the speculative one")
            axes.set(title=speech, ylim=(0, None))
            label_below(axes, "work downstream, ms")
            label_left(axes, "true end of speech to the result, ms")
        grid[0][0].legend(fontsize="small", loc="upper left")
        write_figure(figure, "perceived", out)
