"""The page is whole, self-contained and safe."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

from azsim.report.figures import FIGURES, DrawnFigure
from azsim.report.html import page
from azsim.report.results import Comparison

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Checker(HTMLParser):
    """Tags balance; remembers ids and references."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self._note(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a start"
        assert self.open.pop() == tag

    def _note(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in ("href", "src", "xlink:href"):
                self.references.append(value or "")
            elif value:
                self.references.extend(re.findall(r"url\(([^)]*)\)", value))


def checked(text: str) -> Checker:
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    assert len(checker.ids) == len(set(checker.ids))
    for reference in checker.references:
        assert reference.startswith("data:") or reference[1:] in checker.ids, reference
    return checker


def test_page_is_well_formed_and_self_contained(comparison: Comparison, drawn: list[DrawnFigure]) -> None:
    text = page(comparison, drawn)
    checked(text)
    assert text.count("<svg") == 2 * len(FIGURES)
    assert "://" not in re.sub(r"data:[^\"]*", "", text)
    assert "<script" not in text
    assert "timing only" in text
    assert "changed by decoder rate" in text
    assert all(f"<td>{row.config}" in text for row in comparison.rows)


def test_everything_is_escaped(comparison: Comparison) -> None:
    evil = '<script>alert("x")</script>&'
    rows = tuple(dataclasses.replace(row, config=evil, note=evil) for row in comparison.rows)
    bad = dataclasses.replace(
        comparison, name=evil, summary=evil, rows=rows, settings={evil: evil}, notes=(evil,), manifest={"azsim": evil}
    )
    text = page(bad, [])
    checked(text)
    assert "<script" not in text


def test_page_of_one_recording_shows_its_words(one_recording: Comparison) -> None:
    text = page(one_recording, [])
    checked(text)
    assert "<title>u0, u1 " in text
    assert "Transcripts" in text
    assert "label posterior 0.81" in text
    assert "end of speech estimated" in text
    assert "production-size" not in text.lower()


def test_figures_follow_the_paper_and_the_width_of_the_window(
    comparison: Comparison, drawn: list[DrawnFigure]
) -> None:
    text = page(comparison, drawn)
    style, body = text.split("</style>", 1)
    assert "prefers-color-scheme: dark" in style
    assert "max-width: 719px" in style
    assert body.count('<div class="wide">') == body.count('<div class="narrow">') == len(FIGURES)
    for name, pair in {"ink": "#1b1b1b", "paper": "#ffffff", "0": "#0072b2"}.items():
        assert f"var(--fig-{name})" in body
        assert pair not in body
        assert style.count(f"--fig-{name}:") == 2, "a value for light and one for dark paper"
    for document in (figure.svg.decode() for figure in drawn):
        assert "var(" not in document, "files are read by programs that know no variables"


def test_no_text_of_a_figure_is_black_on_dark_paper(drawn: list[DrawnFigure]) -> None:
    """matplotlib leaves the colour out where it is black, and then the page's dark paper hides it."""
    for figure in drawn:
        for document in (figure.svg.decode(), figure.narrow.decode()):
            for tag in re.findall(r"<text[^>]*>", document):
                assert "fill: #" in tag, tag
