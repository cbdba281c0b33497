"""The figures of a report, one module each; ``FIGURES`` is the order in which the page shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from azsim.report.figures import energy, latency, roofline, sensitivity, traffic, utterance, wer_size
from azsim.report.figures.layout import NARROW, WIDE, Layout
from azsim.report.figures.style import report_style, save_png, save_svg
from azsim.report.results import Comparison


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A figure.

    Attributes:
        name: of its files.
        title: its heading.
        caption: what to see in it.
        draw: who draws it, for a wide or a narrow window; None if there is nothing to draw.
        about: what this comparison's figure needs said beside the caption; may be empty.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Comparison, Layout], Figure | None]
    about: Callable[[Comparison], str] = lambda comparison: ""


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """A figure as files: ``svg`` and ``png`` wide, ``narrow`` the SVG that the page shows in a narrow window."""

    kind: FigureKind
    svg: bytes
    png: bytes
    narrow: bytes


def _own_scales(comparison: Comparison) -> str:
    return "Each panel has its own scale." if comparison.rows and comparison.production_rows else ""


def _which_utterance(comparison: Comparison) -> str:
    """The rule by which the utterance was chosen, and whose words it has."""
    traced = comparison.traced
    if traced is None:
        return ""
    chosen = f"The utterance shown is {traced.why}." if traced.why else ""
    if not traced.timing_only:
        return chosen
    return f"{chosen} Its words are those of the trained network, whose labels drive the production-size one.".strip()


FIGURES: tuple[FigureKind, ...] = (
    FigureKind(
        "wer_size",
        "Word error rate and model size",
        "Lower left is better. The dashed line joins the configurations that no other one beats in both. Bars are 95 % "
        "bootstrap intervals. Hollow marks are the same compression without fine-tuning; an arrow gives the rate of "
        "one beyond the axis.",
        wer_size.draw,
    ),
    FigureKind(
        "latency",
        "Latency by part",
        "From the true end of speech to the final words. The end-point rule takes most of it and depends on the words "
        "alone; the panels \u201cafter the end-point\u201d show the part that compression can change. Utterances with "
        "a premature end-point are excluded.",
        latency.draw,
    ),
    FigureKind(
        "traffic",
        "DRAM traffic by client",
        "Bytes read and written per second of speech. Weight compression reduces the NPU's share.",
        traffic.draw,
        about=_own_scales,
    ),
    FigureKind(
        "utterance",
        "One utterance on the device",
        "Utilisation of each engine from the first sample to the final words, and the fill of the music buffer. Grey: "
        "the device had answered before the speaker ended. trace.json holds every activity.",
        utterance.draw,
        about=_which_utterance,
    ),
    FigureKind(
        "energy",
        "Energy by part",
        "Energy of an utterance from wake to the final result, and above idle: less the energy of the same stretch of "
        f"time without speech. Parts below {100 * energy.LEAST_SHARE:g} % of every bar "
        "are not drawn; results.csv has them.",
        energy.draw,
    ),
    FigureKind(
        "roofline",
        "Roofline of the chip",
        "The bound of each layer: DRAM on the slope, decoder or multipliers at their level, the window as the most "
        "that zero skipping can reach. Layers whose weights are resident fetch nothing and are in the grey strip. At "
        f"most {roofline.MOST_LAYERS} layers of a network are shown, those that take the most time.",
        roofline.draw,
    ),
    FigureKind(
        "sensitivity",
        "Sensitivity to assumed constants",
        "Change of each configuration when a device constant is scaled, and whether the order of the configurations "
        f"survives: \u2713 kept, \u2717 changed, with frames around those that change places. Changes below "
        f"{sensitivity.LEAST_PERCENT:g} % are left blank.",
        sensitivity.draw,
    ),
)


def draw_all(comparison: Comparison) -> list[DrawnFigure]:
    """Each figure that has something to show, as SVG and PNG, and as SVG for a narrow window."""
    drawn = []
    with report_style():
        for kind in FIGURES:
            wide, narrow = kind.draw(comparison, WIDE), kind.draw(comparison, NARROW)
            if wide is not None and narrow is not None:
                drawn.append(DrawnFigure(kind, save_svg(wide), save_png(wide), save_svg(narrow)))
    return drawn
