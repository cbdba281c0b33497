"""The figures of a report, one module each; ``FIGURES`` is the order in which the page shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from matplotlib.figure import Figure

from azsim.report.figures import energy, latency, roofline, sensitivity, traffic, utterance, wer_size
from azsim.report.figures.style import lay_out, report_style, save_png, save_svg
from azsim.report.results import Comparison


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A figure: its file name, its heading, what to see in it, and who draws it (None: nothing to draw)."""

    name: str
    title: str
    caption: str
    draw: Callable[[Comparison], Figure | None]


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """A figure as files."""

    kind: FigureKind
    svg: bytes
    png: bytes


FIGURES: tuple[FigureKind, ...] = (
    FigureKind(
        "wer_size",
        "Word error rate against size",
        "Filled: the configuration as run, with its 95 % bootstrap interval. Hollow: the same compression without "
        "fine-tuning. Lower left is better; the dashed line joins what nothing else beats in both.",
        wer_size.draw,
    ),
    FigureKind(
        "latency",
        "Where the wait goes",
        "True end of speech to final words, over utterances that were not cut early. The right side leaves out the "
        "end-pointer's rule, which is the same for everyone on the device.",
        latency.draw,
    ),
    FigureKind(
        "traffic",
        "DRAM traffic by client",
        "Bytes read and written while an utterance is heard, per second of speech. Mind that the two scales differ.",
        traffic.draw,
    ),
    FigureKind(
        "utterance",
        "One utterance on the device",
        "Busy shares are averages over 1/300 of the time shown. trace.json holds every activity; it opens in Perfetto.",
        utterance.draw,
    ),
    FigureKind(
        "energy",
        "Energy by part",
        "Left: from wake to final result. Right: the same, less what that stretch of time costs without speech.",
        energy.draw,
    ),
    FigureKind(
        "roofline",
        "Roofline of the chip",
        "One point per layer and configuration, zeros counted as operations. Layers whose weights are resident fetch "
        "nothing and stand in the grey strip.",
        roofline.draw,
    ),
    FigureKind(
        "sensitivity",
        "What the assumed constants decide",
        "Production-size table with one constant halved or doubled: change against the device as described.",
        sensitivity.draw,
    ),
)


def draw_all(comparison: Comparison) -> Iterator[DrawnFigure]:
    """Each figure that has something to show, as SVG and PNG."""
    for kind in FIGURES:
        drawn = _draw(kind, comparison)
        if drawn is not None:
            yield drawn


def _draw(kind: FigureKind, comparison: Comparison) -> DrawnFigure | None:
    with report_style():
        figure = kind.draw(comparison)
        if figure is None:
            return None
        lay_out(figure)
        return DrawnFigure(kind, save_svg(figure), save_png(figure))
