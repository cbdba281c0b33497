"""How figures look: one style sheet by context, one colour per configuration throughout a report."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.style import context

from azsim.report.results import Comparison, Row

WIDTH_INCHES = 9.0
PNG_DPI = 150
STYLE_SHEET = Path(__file__).parent.parent / "azsim.mplstyle"
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
ALERT = "#D55E00"
GREY = "#777777"
_ACRONYMS = frozenset({"npu", "cpu", "dram", "sram"})


@contextmanager
def report_style() -> Iterator[None]:
    """Everything drawn or saved inside follows the style sheet; what was set before is back afterwards."""
    with matplotlib.rc_context(), context(STYLE_SHEET):
        yield


def new_figure(height_inches: float) -> Figure:
    """A figure of the report's width that no global state knows of."""
    return Figure(figsize=(WIDTH_INCHES, height_inches), dpi=PNG_DPI, layout="constrained")


def lay_out(figure: Figure) -> None:
    """Settle the places of everything once, so that saving draws and does not lay out again."""
    FigureCanvasAgg(figure)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def save_svg(figure: Figure) -> bytes:
    """SVG with text as text; the same bytes each time."""
    stream = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def save_png(figure: Figure) -> bytes:
    """PNG; the same bytes each time."""
    stream = io.BytesIO()
    figure.dpi = PNG_DPI
    FigureCanvasAgg(figure).print_png(stream, metadata={"Software": None})
    return stream.getvalue()


def config_colours(comparison: Comparison) -> dict[str, str]:
    """Configuration -> colour, the same in every figure; colours repeat beyond eight."""
    return {name: OKABE_ITO[index % len(OKABE_ITO)] for index, name in enumerate(_configs(comparison))}


def config_markers(comparison: Comparison) -> dict[str, str]:
    """Configuration -> marker, for readers and printers without colour."""
    return {name: MARKERS[index % len(MARKERS)] for index, name in enumerate(_configs(comparison))}


def part_colours(parts: Iterable[str]) -> dict[str, str]:
    """Part -> colour, in the order given."""
    extra = ("#999999", "#8B5E3C", "#B5CF6B", "#5254A3")
    palette = OKABE_ITO[:6] + extra + OKABE_ITO[6:]
    return {part: palette[index % len(palette)] for index, part in enumerate(parts)}


def panels(comparison: Comparison) -> list[tuple[str, Sequence[Row]]]:
    """Title and rows of each table that has any."""
    named = (("trained recogniser", comparison.rows), ("production size (timing only)", comparison.production_rows))
    return [(title, rows) for title, rows in named if rows]


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Horizontal bars: the first configuration on top, one name per bar."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def readable(name: str) -> str:
    """A part's key as words."""
    return " ".join(word.upper() if word in _ACRONYMS else word for word in name.replace("_", " ").split())


def _configs(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(row.config for row in (*comparison.rows, *comparison.production_rows)))
