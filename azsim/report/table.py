"""The console's tables, and the same for a README."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from azsim.report.columns import used_columns
from azsim.report.results import Comparison, Row

TRAINED_TITLE = "recogniser"
PRODUCTION_TITLE = "production-size recogniser, timing only"


def print_tables(comparison: Comparison, console: Console) -> None:
    """Both tables; 120 characters hold them."""
    tables = [_table(TRAINED_TITLE, comparison.rows), _table(PRODUCTION_TITLE, comparison.production_rows)]
    console.print(Group(*(table for table in tables if table is not None), _legend(comparison)))


def markdown_table(rows: Sequence[Row]) -> str:
    """The console's columns of ``rows`` as a markdown table."""
    columns = used_columns(rows, console=True)
    lines = [[column.heading for column in columns], [":--"] + ["--:"] * (len(columns) - 1)]
    lines += [[column.cell(row).replace("|", "\\|") for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _legend(comparison: Comparison) -> Text:
    """What the short titles stand for."""
    columns = used_columns((*comparison.rows, *comparison.production_rows), console=True)
    return Text(" \u00b7 ".join(f"{column.title}: {column.legend}" for column in columns if column.legend), "dim")


def _table(title: str, rows: Sequence[Row]) -> Table | None:
    if not rows:
        return None
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left", pad_edge=False)
    columns = used_columns(rows, console=True)
    for index, column in enumerate(columns):
        heading = Text(f"{column.title}\n{column.unit}")
        table.add_column(heading, justify="right" if index else "left", no_wrap=index > 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text((column.short or column.cell)(row)) for column in columns))
    return table
