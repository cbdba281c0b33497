"""How figures look: one style sheet by context, one colour and marker per configuration, one colour per part."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
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
from azsim.report.colours import ALERT, SERIES, SOFT
from azsim.report.figures.layout import WIDE, Layout, Margins, label_below, label_left, new_figure, panel_grid
from azsim.report.figures.layout import width_inches as width_inches
from azsim.report.fitted import shortened
from azsim.report.results import Comparison, ConfigurationResult

__all__ = ["ALERT", "Margins", "label_below", "label_left", "new_figure", "panel_grid", "width_inches"]  # for studies

PNG_DPI = 130
WIDTH_INCHES = WIDE.width_inches
STYLE_SHEET = Path(__file__).parent.parent / "azsim.mplstyle"
COLOURS = tuple(pair.light for pair in SERIES)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h", "d", (4, 1, 0), (3, 1, 0), (6, 1, 0))
MOST_SERIES = len(COLOURS)
"""More than these are drawn in several panels, so that no two of a panel look alike."""
GREY = SOFT
NAME_LETTERS = 26
_PARTS = {
    "npu": COLOURS[0],
    "cpu": COLOURS[1],
    "search": COLOURS[1],
    "dram": COLOURS[2],
    "sram": COLOURS[4],
    "network": COLOURS[5],
    "decoder": COLOURS[6],
    "playback": COLOURS[6],
    "microphone": COLOURS[8],
    "backlog": COLOURS[8],
    "multipliers": COLOURS[12],
    "end_pointing": "#b3b3b3",
    "dram standby": "#b3b3b3",
    "leakage": COLOURS[14],
}
_SPARE = (COLOURS[3], COLOURS[7], COLOURS[10], COLOURS[9], COLOURS[13], COLOURS[11], COLOURS[15])
_ACRONYMS = frozenset({"npu", "cpu", "dram", "sram"})
_SPELT = {"end_pointing": "end-pointing"}


@contextmanager
def report_style() -> Iterator[None]:
    """Everything drawn or saved inside follows the style sheet; what was set before is back afterwards."""
    with matplotlib.rc_context(), context(STYLE_SHEET), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph ")  # names may be in any script; SVG and page show them
        yield


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
    """Configuration -> colour, the same in every figure; colours repeat beyond `MOST_SERIES`."""
    return {name: COLOURS[index % MOST_SERIES] for index, name in enumerate(_configs(comparison))}


def config_markers(comparison: Comparison) -> dict[str, str | tuple[int, int, int]]:
    """Configuration -> marker, for readers and printers without colour."""
    return {name: MARKERS[index % MOST_SERIES] for index, name in enumerate(_configs(comparison))}


def part_colours(parts: Iterable[str]) -> dict[str, str]:
    """Part -> colour, in the order given; a part has the same colour in every figure."""
    parts = list(parts)
    others = [part for part in parts if part not in _PARTS]
    spare = {part: _SPARE[index % len(_SPARE)] for index, part in enumerate(others)}
    return {part: _PARTS.get(part) or spare[part] for part in parts}


def panels(comparison: Comparison) -> list[tuple[str, Sequence[ConfigurationResult]]]:
    """Title and rows of each table that has any."""
    named = (("trained recogniser", comparison.rows), ("production size", comparison.production_rows))
    return [(f"{title} ({_utterances(rows)})", rows) for title, rows in named if rows]


def short_names(names: Iterable[str], letters: int = NAME_LETTERS) -> dict[str, str]:
    """Name -> what a figure calls it: short, and different where names differ; none begins with an underscore.

    matplotlib leaves out of a legend what does.
    """
    short: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(names):
        found = shortened(readable(name), letters)
        if found in taken:
            found = f"{shortened(found, letters - 4)} #{len(short) + 1}"
        taken.add(found)
        short[name] = f" {found}" if found.startswith("_") else found
    return short


def name_rows(axes: Axes, names: Sequence[str], layout: Layout = WIDE) -> None:
    """Horizontal bars: the first configuration on top, one name per bar, above it in a narrow figure."""
    short = list(short_names(names).values()) if len(set(names)) == len(names) else list(names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    if not layout.is_narrow:
        axes.set_yticks(range(len(names)), short)
        return
    axes.set_yticks([])
    axes.set_ylim(len(names) - 0.5, -0.85)
    for place, name in enumerate(short):
        axes.text(0, place - 0.14, name, transform=axes.get_yaxis_transform(), va="bottom")


def in_words(name: str) -> str:
    """A part's key as words."""
    spelt = _SPELT.get(name, name)
    return " ".join(word.upper() if word in _ACRONYMS else word for word in spelt.replace("_", " ").split())


def _configs(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(row.config for row in (*comparison.rows, *comparison.production_rows)))


def _utterances(rows: Sequence[ConfigurationResult]) -> str:
    count = max(row.utterances for row in rows)
    return f"{count} utterance" if count == 1 else f"{count} utterances"


def plain_ticks(axes: Axes) -> None:
    """Plain numbers at the major ticks of logarithmic axes: powers of ten would need mathematics, which is off."""
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())
