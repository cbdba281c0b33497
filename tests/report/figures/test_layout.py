"""Nothing is printed over anything else, at either width, with one configuration or with many."""

from __future__ import annotations

import dataclasses
import re
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

import azsim
from azsim.report.colours import SERIES
from azsim.report.figures import FIGURES
from azsim.report.figures.layout import NARROW, POINTS, WIDE, Layout, legend_columns, width_inches
from azsim.report.figures.style import (
    COLOURS,
    MARKERS,
    MOST_SERIES,
    config_colours,
    config_markers,
    report_style,
    short_names,
)
from azsim.report.results import Comparison
from tests.report import invented

PHONE_PX = 390
PAGE_PADDING_PX = 32
LEAST_PX = 9


def texts(figure: Figure) -> list[Text]:
    """Every text that is seen."""
    found = list(figure.texts) + [text for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        found += [*axes.texts, axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if low <= tick.get_loc() <= high and tick.label1.get_visible():
                    found.append(tick.label1)
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def many(count: int, name: str = "configuration number {} of a long sweep, zvsv 50 %") -> Comparison:
    trained = [
        dataclasses.replace(invented.TRAINED[index % 5], name=name.format(index), model_bytes=700_000 + 137_000 * index)
        for index in range(count)
    ]
    large = [dataclasses.replace(one, timing_only=True) for one in trained]
    made = invented.comparison(trained, large, utterances=2)
    rows = tuple(
        dataclasses.replace(row, wer_post_training_percent=60.0 + index) for index, row in enumerate(made.rows)
    )
    points = tuple(
        dataclasses.replace(point, config=one.name)
        for one in trained
        for point in invented.sensitivity()
        if point.config == invented.PRODUCTION[1].name
    )
    roofline = dataclasses.replace(
        invented.roofline(),
        points=tuple(
            dataclasses.replace(point, config=one.name, layer=f"encoder.layers.{point.layer}.feed_forward")
            for one in trained
            for point in invented.roofline().points
            if point.config == invented.TRAINED[0].name
        ),
    )
    said = dataclasses.replace(made.traced, reference="turn on the light " * 9, text="turn on the lights " * 9, why="x")
    return dataclasses.replace(made, rows=rows, sensitivity=points, roofline=roofline, traced=said)


CASES = {
    "six": lambda: invented.comparison(utterances=8),
    "one": lambda: many(1),
    "sixteen": lambda: many(16),
    "twenty": lambda: many(20),
    "short names": lambda: many(5, "c{}"),
}


@pytest.mark.parametrize("layout", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("case", CASES)
def test_no_text_is_printed_over_another_or_outside(case: str, layout: Layout) -> None:
    comparison = CASES[case]()
    for kind in FIGURES:
        with report_style():
            figure = kind.draw(comparison, layout)
            assert figure is not None, kind.name
            renderer = FigureCanvasAgg(figure).get_renderer()
            figure.draw(renderer)
            placed = [(text, text.get_window_extent(renderer)) for text in texts(figure)]
        width, height = figure.bbox.width, figure.bbox.height
        for text, box in placed:
            inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
            assert inside, f"{kind.name}: {text.get_text()!r} leaves the figure: {box}"
            assert text.get_fontsize() >= POINTS, f"{kind.name}: {text.get_text()!r} is too small"
        for (left, a), (right, b) in combinations(placed, 2):
            apart = a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 or a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1
            assert apart, f"{kind.name}: {left.get_text()!r} over {right.get_text()!r}"


def test_text_is_legible_on_a_phone() -> None:
    for layout, window_px in ((NARROW, PHONE_PX), (WIDE, 720)):
        px_per_point = (window_px - PAGE_PADDING_PX) / (72 * layout.width_inches)
        assert POINTS * px_per_point >= LEAST_PX


def test_sixteen_series_differ_in_colour_and_in_marker() -> None:
    assert len(set(COLOURS)) == len(set(MARKERS)) == MOST_SERIES == 16
    assert len({pair.dark for pair in SERIES}) == 16
    comparison = many(16)
    assert len(set(config_colours(comparison).values())) == 16
    assert len(set(config_markers(comparison).values())) == 16


def test_more_series_stand_in_panels_of_sixteen() -> None:
    comparison = many(20)
    for kind in FIGURES:
        if kind.name not in ("wer_size", "roofline"):
            continue
        with report_style():
            few, more = kind.draw(many(16), WIDE), kind.draw(comparison, WIDE)
        assert len(more.axes) == 2 * len(few.axes)


def test_short_names_differ_and_none_is_hidden_from_a_legend() -> None:
    names = ["a" * 100 + str(index) + "b" * 100 for index in range(20)] + ["_x", "plain"]
    short = short_names(names)
    assert len(set(short.values())) == len(names)
    assert all(len(one) <= 27 and not one.startswith("_") for one in short.values())
    assert short["plain"] == "plain"


def test_a_legend_takes_as_many_columns_as_fit() -> None:
    labels = ["configuration"] * 7
    assert legend_columns(labels, 0.1) == 1
    assert legend_columns(labels, 100) == 7
    assert legend_columns(labels, 2.1 * (width_inches(labels) + 0.42)) == 2


def test_no_scale_goes_from_red_to_green() -> None:
    root = Path(azsim.__file__).parent.parent
    drawn = [*root.glob("azsim/**/*.py"), *root.glob("experiments/**/*.py")]
    assert [path.name for path in drawn if re.search(r"RdYlGn|RdGn|brg_r?\b", path.read_text(encoding="utf-8"))] == []
