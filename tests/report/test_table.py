"""The console's tables and markdown."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from azsim.report.columns import used_columns
from azsim.report.results import Comparison
from azsim.report.table import PRODUCTION_TITLE, TRAINED_TITLE, markdown_table, print_tables


def test_console_tables_fit_120_columns(comparison: Comparison) -> None:
    stream = io.StringIO()
    print_tables(comparison, Console(file=stream, width=120))
    lines = stream.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 120
    assert all(any(row.config in line for line in lines) for row in comparison.rows)
    assert "\u2026" not in stream.getvalue()


def test_the_console_explains_its_short_titles(comparison: Comparison) -> None:
    stream = io.StringIO()
    print_tables(comparison, Console(file=stream, width=140))
    text = " ".join(stream.getvalue().split())
    for explained in ("post: WER of the same compression, not fine-tuned", "xrun: music underruns", "late: steps"):
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
