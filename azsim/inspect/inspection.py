"""What an inspection gives: an object for ``--json``, and tables and lines that say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from azsim.report.fitted import FittedColumn, print_fitted, print_wrapped


@dataclass(frozen=True, slots=True)
class Table:
    """A title, headings, and rows of text; the first column is a name."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Inspection:
    """Attributes:
    answer: what ``--json`` prints, unit-suffixed keys.
    tables: for the console, in order.
    lines: printed after them as they are.
    """

    answer: Mapping[str, object]
    tables: tuple[Table, ...]
    lines: tuple[str, ...] = ()


def show(inspection: Inspection, console: Console) -> None:
    """Print the tables, then the lines; names of files and layers may look like markup and are none."""
    for table in inspection.tables:
        columns = [
            FittedColumn(heading, "", tuple(row[index] for row in table.rows))
            for index, heading in enumerate(table.headings)
        ]
        print_fitted(console, table.title, columns, continues=True)
    for line in inspection.lines:
        print_wrapped(console, line)


def number(value: float | None, digits: int = 1) -> str:
    """A number with separators; a dash for None (a limit that does not apply)."""
    return "–" if value is None else f"{value:,.{digits}f}"
