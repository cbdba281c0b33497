"""From a teacher's bytes to the device's, one cause after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from azsim.report.figures.style import (
    ALERT,
    COLOURS,
    Margins,
    label_below,
    name_rows,
    panel_grid,
    plain_ticks,
    report_style,
    width_inches,
    write_figure,
)

BAR_INCHES = 0.34


def draw_waterfall(bars: Sequence[tuple[str, int]], limit_bytes: float, name: str, out: Path) -> None:
    """Model sizes as points on a logarithmic axis, each with its share of the first, and the limit.

    Args:
        bars: what was done, and the bytes that it left.
        limit_bytes: of the claim.
        name: of the figure's files.
        out: the report's folder.
    """
    names = [label for label, _ in bars]
    margins = Margins(left=width_inches(names) + 0.2, right=1.1, top=0.2, bottom=0.55)
    with report_style():
        figure, ((axes,),) = panel_grid(margins, [BAR_INCHES * len(bars)])
        largest = bars[0][1]
        for place, (_, size) in enumerate(bars):
            axes.plot(size / 1024, place, "o", color=COLOURS[0])
            said = f"{size / 1024:,.0f} KiB = {100 * size / largest:.2f} %"
            axes.annotate(said, (size / 1024, place), (8, 0), textcoords="offset points", va="center")
        axes.axvline(limit_bytes / 1024, color=ALERT, linestyle="--", linewidth=1, zorder=0)
        axes.set_xscale("log")
        axes.set_xlim(min(size for _, size in bars) / 2 / 1024, largest * 8 / 1024)
        plain_ticks(axes)
        name_rows(axes, names)
        label_below(axes, f"KiB, logarithmic (dashed: {100 * limit_bytes / largest:g} % of the first)")
        write_figure(figure, name, out)
