"""Pages: prose is filled, and what Markdown reads otherwise stays what it is."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from azsim.report.page import COLUMNS, wrapped, write_page

LONG = "word " * 40
TABLE = "| a | " + "b " * 80 + "|\n|:--|--:|"
CODE = "    AZSIM_DATA=... python -m experiments.x --out reports/x " + "--more " * 20
PICTURE = "![" + "a picture " * 14 + "](x.png)"


def test_a_paragraph_is_filled_and_tables_headings_pictures_and_code_are_not() -> None:
    heading = "# " + LONG.strip()
    fenced = f"```\n{LONG}\nshort\n```"
    page = "\n\n".join([heading, CODE, LONG + "\nshort", TABLE, PICTURE, fenced])
    found = wrapped(page).split("\n\n")
    assert [found[0], found[1], found[3], found[4], found[5]] == [heading, CODE, TABLE, PICTURE, fenced + "\n"]
    assert found[2].split() == [*LONG.split(), "short"]
    assert all(len(line) <= COLUMNS for line in found[2].split("\n"))
    assert len(found[2].split("\n")) == 2


def test_items_are_filled_each_under_its_own_marker() -> None:
    lines = wrapped(f"before\n* {LONG}\n  goes on\n  - {LONG}\n1. {LONG}\n| a | b |").split("\n")
    assert lines[0] == "before"
    assert [line[:4] for line in lines[1:]] == ["* wo", "  wo", "  - ", "    ", "1. w", "   w", "| a ", ""]
    assert lines[2].endswith("word goes on")


def test_no_line_begins_with_what_would_be_an_item_a_heading_or_a_table() -> None:
    for sign in ("-", "*", "+", "#", "12.", "3)", "|", ">"):
        for width in range(COLUMNS - 8, COLUMNS + 2):
            text = "x" * width + f" {sign} y"
            assert all(not line.startswith(f"{sign} ") for line in wrapped(text).split("\n"))


@given(st.lists(st.lists(st.text("ab-*#|.1 ", min_size=1, max_size=60), min_size=1, max_size=4), max_size=5))
def test_words_stay_and_a_filled_page_stays_as_it_is(paragraphs: list[list[str]]) -> None:
    page = "\n\n".join("\n".join(lines) for lines in paragraphs)
    once = wrapped(page)
    assert once.split() == page.split()
    assert wrapped(once) == once


def test_a_page_is_written_filled(tmp_path: Path) -> None:
    write_page(tmp_path, LONG)
    assert (tmp_path / "README.md").read_text() == wrapped(LONG)
