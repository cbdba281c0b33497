"""The console's tables and markdown."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from azsim.report.columns import used_columns
from azsim.report.results import Comparison
from azsim.report.table import PRODUCTION_TITLE, TRAINED_TITLE, markdown_table, print_tables, remarks_of


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_console_tables_fit(comparison: Comparison, width: int) -> None:
    stream = io.StringIO()
    print_tables(comparison, Console(file=stream, width=width))
    text = stream.getvalue()
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert all(row.config in text for row in comparison.rows)
    assert "\u2026" not in text
    assert ("left out at" in text) == (width < 200)


def test_the_console_explains_its_short_titles(comparison: Comparison) -> None:
    stream = io.StringIO()
    print_tables(comparison, Console(file=stream, width=140))
    text = " ".join(stream.getvalue().split())
    for explained in (
        "WER delivered: of the words up to the end-point",
        "energy above idle: per utterance, less that of the same time without speech",
        "underruns: of the music",
        "deadline misses: steps",
    ):
        assert explained in text


def test_only_tables_with_rows_are_printed(comparison: Comparison) -> None:
    for rows, production in ((True, False), (False, True)):
        stream = io.StringIO()
        shown = replace(
            comparison, rows=comparison.rows * rows, production_rows=comparison.production_rows * production
        )
        print_tables(shown, Console(file=stream, width=140))
        titles = [line.strip() for line in stream.getvalue().splitlines()]
        assert (TRAINED_TITLE in titles, PRODUCTION_TITLE in titles) == (rows, production)


def test_markdown_has_a_line_per_row_and_a_cell_per_column(comparison: Comparison) -> None:
    piped = [replace(comparison.rows[0], config="a|b"), *comparison.rows[1:]]
    head, align, *lines = markdown_table(piped).splitlines()
    columns = used_columns(piped, console=True)
    assert [cell.strip() for cell in head.strip("|").split(" | ")] == [column.heading for column in columns]
    assert align == "| :-- |" + " --: |" * (len(columns) - 1)
    assert len(lines) == len(piped)
    for line, row in zip(lines, piped, strict=True):
        cells = [cell.strip() for cell in line.replace("\\|", "\0").strip("|").split("|")]
        assert [cell.replace("\0", "|") for cell in cells] == [column.cell(row) for column in columns]


def test_markup_in_a_name_is_text(comparison: Comparison) -> None:
    stream = io.StringIO()
    odd = replace(comparison, rows=(replace(comparison.rows[0], config="[red]x[/red]"),), production_rows=())
    print_tables(odd, Console(file=stream, width=140))
    assert "[red]x[/red]" in stream.getvalue()


def test_recordings_are_gathered_under_their_remark() -> None:
    found = remarks_of([("a", ("quiet",)), ("b", ()), ("a", ("quiet",)), ("c", ("quiet", "narrow"))])
    assert found == "a, c: quiet. c: narrow."
    assert remarks_of([("a", ())]) == ""
    assert remarks_of([(name, ("quiet",)) for name in "abcde"]) == "a, b, c and 2 more: quiet."
