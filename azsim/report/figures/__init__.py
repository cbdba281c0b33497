"""The figures of a report, one module each; ``FIGURES`` is the order in which the page shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from azsim.report.figures import energy, latency, roofline, sensitivity, traffic, utterance, wer_size
from azsim.report.figures.style import report_style, save_png, save_svg
from azsim.report.results import Comparison


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A figure.

    Attributes:
        name: of its files.
        title: its heading.
        caption: what to see in it.
        draw: who draws it; None if there is nothing to draw.
        both: what to mind where both tables are in it.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Comparison], Figure | None]
    both: str = ""


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
        "Lower left is better: the dashed line joins what no other configuration beats in both; bars are 95 % "
        "bootstrap intervals, hollow marks the same compression without fine-tuning.",
        wer_size.draw,
    ),
    FigureKind(
        "latency",
        "Where the wait goes",
        "How much of the wait the end-point rule takes, which depends on the words alone (left), and how little or "
        "much is left for compression to change (right), over utterances that were not cut early.",
        latency.draw,
    ),
    FigureKind(
        "traffic",
        "DRAM traffic by client",
        "Weight compression cuts the NPU's share of the bytes that go through DRAM.",
        traffic.draw,
        both="The two panels have scales of their own.",
    ),
    FigureKind(
        "utterance",
        "One utterance on the device",
        "How busy each engine is from the first sample to the final words, and whether the music's buffer stays "
        "filled (grey: the device had answered before the speaker ended); trace.json holds every activity.",
        utterance.draw,
    ),
    FigureKind(
        "energy",
        "Energy by part",
        "What an utterance costs from wake to final result (left), and what of it is due to speech: the same less what "
        "that stretch of time costs without speech (right). What is below 0.4 % of every bar, such as the multipliers, "
        "is not drawn; results.csv has it.",
        energy.draw,
    ),
    FigureKind(
        "roofline",
        "Roofline of the chip",
        "What holds each layer: DRAM on the slope, decoder or multipliers at their level (window: the most that zero "
        "skipping can reach); layers whose weights are resident fetch nothing and stand in the grey strip.",
        roofline.draw,
    ),
    FigureKind(
        "sensitivity",
        "What the assumed constants decide",
        "Whether the order of the production-size configurations survives if one assumed constant is halved or "
        "doubled: \u2713 kept, \u2717 turned, with frames around those that change places; blank is less than 0.5 %.",
        sensitivity.draw,
    ),
)


def draw_all(comparison: Comparison) -> list[DrawnFigure]:
    """Each figure that has something to show, as SVG and PNG."""
    with report_style():
        figures = [(kind, kind.draw(comparison)) for kind in FIGURES]
        return [DrawnFigure(kind, save_svg(figure), save_png(figure)) for kind, figure in figures if figure is not None]
