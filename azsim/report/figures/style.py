"""How figures look: one style sheet by context, one colour per configuration and per part throughout a report.

Panels stand at places given in inches, not where a layout engine finds room for them: measuring every text several
times over took most of the time of a report.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.style import context
from matplotlib.text import Text
from matplotlib.ticker import NullFormatter

from azsim.errors import readable
from azsim.report.results import Comparison, Row

WIDTH_INCHES = 9.0
PNG_DPI = 130
STYLE_SHEET = Path(__file__).parent.parent / "azsim.mplstyle"
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
ALERT = "#D55E00"
GREY = "#777777"
_PARTS = {
    "npu": "#0072B2",
    "cpu": "#E69F00",
    "search": "#E69F00",
    "dram": "#009E73",
    "sram": "#D55E00",
    "network": "#CC79A7",
    "decoder": "#56B4E9",
    "playback": "#56B4E9",
    "microphone": "#000000",
    "backlog": "#000000",
    "multipliers": "#F0E442",
    "end_pointing": "#BBBBBB",
    "dram standby": "#BBBBBB",
    "leakage": "#777777",
}
_SPARE = ("#8B5E3C", "#5254A3", "#B5CF6B", "#F0E442", "#444444")
_ACRONYMS = frozenset({"npu", "cpu", "dram", "sram"})
_SPELT = {"end_pointing": "end-pointing"}
_EM_PER_LETTER = 0.58


@dataclass(frozen=True, slots=True)
class Margins:
    """Room around and between the panels of a figure, in inches."""

    left: float
    right: float
    top: float
    bottom: float
    across: float = 0.3
    down: float = 0.3


@contextmanager
def report_style() -> Iterator[None]:
    """Everything drawn or saved inside follows the style sheet; what was set before is back afterwards."""
    with matplotlib.rc_context(), context(STYLE_SHEET), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph ")  # names may be in any script; SVG and page show them
        yield


def new_figure(height_inches: float) -> Figure:
    """A figure of the report's width that no global state knows of."""
    return Figure(figsize=(WIDTH_INCHES, height_inches), dpi=PNG_DPI)


def panel_grid(
    margins: Margins, heights_inches: Sequence[float], widths: Sequence[float] = (1.0,)
) -> tuple[Figure, list[list[Axes]]]:
    """A figure as high as its panels need, and its panels, row by row; ``widths`` are shares of the room there is."""
    height = margins.top + sum(heights_inches) + margins.down * (len(heights_inches) - 1) + margins.bottom
    figure = new_figure(height)
    room = WIDTH_INCHES - margins.left - margins.right - margins.across * (len(widths) - 1)
    grid, top = [], height - margins.top
    for panel_height in heights_inches:
        row, left = [], margins.left
        for share in widths:
            width = room * share / sum(widths)
            box = (left / WIDTH_INCHES, (top - panel_height) / height, width / WIDTH_INCHES, panel_height / height)
            row.append(figure.add_axes(box))
            left += width + margins.across
        grid.append(row)
        top -= panel_height + margins.down
    return figure, grid


def width_inches(texts: Iterable[str], points: float = 9.0) -> float:
    """About as wide as the longest of ``texts`` in the report's letters."""
    return max((len(text) for text in texts), default=0) * _EM_PER_LETTER * points / 72


def label_below(axes: Axes, text: str, inches: float = 0.3) -> None:
    """Name the horizontal axis, ``inches`` below it."""
    axes.set_xlabel(text)
    axes.xaxis.set_label_coords(0.5, -inches / _height_inches(axes))


def label_left(axes: Axes, text: str, inches: float = 0.45) -> None:
    """Name the vertical axis, its letters ending ``inches`` to the left of it."""
    axes.set_ylabel(text)
    width = axes.get_position().width * WIDTH_INCHES
    axes.yaxis.set_label_coords(-inches / width, 0.5)


def save_svg(figure: Figure) -> bytes:
    """SVG with text as text; the same bytes each time."""
    _make_readable(figure)
    stream = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def save_png(figure: Figure) -> bytes:
    """PNG; the same bytes each time."""
    _make_readable(figure)
    stream = io.BytesIO()
    figure.dpi = PNG_DPI
    FigureCanvasAgg(figure).print_png(stream, metadata={"Software": None}, pil_kwargs={"compress_level": 4})
    return stream.getvalue()


def _make_readable(figure: Figure) -> None:
    """Put ``?`` for what XML may not hold and a reader cannot see, in every text of a figure."""
    for text in figure.findobj(Text):
        shown = text.get_text()
        if not shown.replace("\n", "").isprintable():
            text.set_text("\n".join(map(readable, shown.split("\n"))))


def write_figure(figure: Figure, name: str, folder: Path) -> None:
    """``NAME.svg`` and ``NAME.png`` in a folder; as `report_style` has it where called inside of it."""
    (folder / f"{name}.svg").write_bytes(save_svg(figure))
    (folder / f"{name}.png").write_bytes(save_png(figure))


def config_colours(comparison: Comparison) -> dict[str, str]:
    """Configuration -> colour, the same in every figure; colours repeat beyond eight."""
    return {name: OKABE_ITO[index % len(OKABE_ITO)] for index, name in enumerate(_configs(comparison))}


def config_markers(comparison: Comparison) -> dict[str, str]:
    """Configuration -> marker, for readers and printers without colour."""
    return {name: MARKERS[index % len(MARKERS)] for index, name in enumerate(_configs(comparison))}


def part_colours(parts: Iterable[str]) -> dict[str, str]:
    """Part -> colour, in the order given; a part has the same colour in every figure."""
    parts = list(parts)
    others = [part for part in parts if part not in _PARTS]
    spare = {part: _SPARE[index % len(_SPARE)] for index, part in enumerate(others)}
    return {part: _PARTS.get(part) or spare[part] for part in parts}


def panels(comparison: Comparison) -> list[tuple[str, Sequence[Row]]]:
    """Title and rows of each table that has any."""
    named = (("trained recogniser", comparison.rows), ("production size", comparison.production_rows))
    return [(f"{title} ({_utterances(rows)})", rows) for title, rows in named if rows]


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Horizontal bars: the first configuration on top, one name per bar."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def in_words(name: str) -> str:
    """A part's key as words."""
    spelt = _SPELT.get(name, name)
    return " ".join(word.upper() if word in _ACRONYMS else word for word in spelt.replace("_", " ").split())


def _configs(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(row.config for row in (*comparison.rows, *comparison.production_rows)))


def _utterances(rows: Sequence[Row]) -> str:
    count = max(row.utterances for row in rows)
    return f"{count} utterance" if count == 1 else f"{count} utterances"


def _height_inches(axes: Axes) -> float:
    return axes.get_position().height * axes.figure.get_figheight()


def plain_ticks(axes: Axes) -> None:
    """Plain numbers at the major ticks of logarithmic axes: powers of ten would need mathematics, which is off."""
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())
