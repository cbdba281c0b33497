"""Names that look like markup, references, formulas or commands to a terminal are names wherever they appear."""

from __future__ import annotations

import csv
import dataclasses
import io
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest

from azsim.report.csv_tables import csv_text, results_lines, utterance_lines
from azsim.report.figures import draw_all
from azsim.report.html import page
from azsim.report.results import Comparison, ConfigurationSize
from azsim.report.trace import trace_json
from tests.report import invented
from tests.report.test_html import checked

EVIL = (
    'x url(#p1) id="q" href="#r" xlink:href="#s"',
    "</svg><script>alert(1)</script>",
    "--><b>out of the comment",
    "no\uffffcharacter \x00 \x1b[2J \x9b31m",
    "=HYPERLINK(1)",
    "_hidden from legends",
    "w" * 5000,
)


class Text(HTMLParser):
    """All text of a page, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: set[str] = set()

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


@pytest.fixture(scope="module")
def evil() -> Comparison:
    configurations = [
        dataclasses.replace(configuration, name=name)
        for configuration, name in zip((*invented.TRAINED, invented.TRAINED[0]), EVIL, strict=True)
    ]
    large: list[ConfigurationSize] = [dataclasses.replace(one, timing_only=True) for one in configurations[:3]]
    made = invented.comparison(configurations, large, utterances=3)
    points = tuple(
        dataclasses.replace(point, config=EVIL[index % 3], constant=EVIL[3]) if point.factor != 1 else point
        for index, point in enumerate(made.sensitivity)
    )
    utterances = tuple(
        dataclasses.replace(one, utterance=EVIL[4], group=EVIL[6], speaker="@x") for one in made.utterances
    )
    traced = dataclasses.replace(made.traced, config=EVIL[0], text=EVIL[1], reference=EVIL[3])
    return dataclasses.replace(made, sensitivity=points, utterances=utterances, traced=traced, device=EVIL[2])


def test_figures_are_xml_whatever_the_names(evil: Comparison) -> None:
    drawn = draw_all(evil)
    assert drawn
    for figure in drawn:
        root = ElementTree.fromstring(figure.svg)
        text = " ".join(root.itertext())
        assert not any(not letter.isprintable() and letter != "\n" for letter in text)
        assert len(max((part for part in root.itertext()), key=len)) < 200


def test_the_page_shows_names_as_they_are_and_keeps_its_references(evil: Comparison) -> None:
    drawn = draw_all(evil)
    text = page(evil, drawn)
    checked(text)
    shown = Text()
    shown.feed(text)
    assert "script" not in shown.tags
    assert EVIL[0] in "".join(shown.text)
    assert any('id="q"' in part for part in shown.text), "not rewritten to a name of the figure's own"
    assert not any(ord(letter) < 32 and letter != "\n" for letter in text)
    assert "\uffff" not in text
    assert len(max(shown.text, key=len)) < 4000, "no name of thousands of letters but as a title"


def test_tables_are_csv_without_formulas(evil: Comparison) -> None:
    for lines in (results_lines(evil), utterance_lines(evil.utterances)):
        read = list(csv.DictReader(io.StringIO(csv_text(lines), newline="")))
        assert len(read) == len(lines)
        for line in read:
            for column in ("config", "speaker", "utterance", "group"):
                assert not line.get(column, "").startswith(("=", "+", "-", "@"))


def test_the_trace_is_json(evil: Comparison) -> None:
    traced = evil.traced
    assert trace_json(traced.timeline, traced.options, text=traced.text)
