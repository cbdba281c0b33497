"""The console's tables, the same for a README, and remarks on what makes recordings hard to recognise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console

from azsim.report.columns import COLUMNS, used_columns
from azsim.report.fitted import FittedColumn, print_fitted, print_prose
from azsim.report.results import Comparison, ConfigurationResult

TRAINED_TITLE = "recogniser"
PRODUCTION_TITLE = "production-size recogniser, timing only"
MOST_NAMES = 3


def print_tables(comparison: Comparison, console: Console) -> None:
    """Both tables at the width of the console, what their titles mean, and remarks on recordings."""
    shown: set[str] = set()
    for title, rows in ((TRAINED_TITLE, comparison.rows), (PRODUCTION_TITLE, comparison.production_rows)):
        if rows:
            shown.update(column.title for column in print_fitted(console, title, _columns(rows)))
    said = [f"{column.title}: {column.legend}" for column in COLUMNS if column.title in shown and column.legend]
    print_prose(console, " \u00b7 ".join(said))
    if remarks := remarks_of((one.utterance, one.remarks) for one in comparison.utterances):
        print_prose(console, remarks)


def markdown_table(rows: Sequence[ConfigurationResult]) -> str:
    """The console's columns of ``rows`` as a markdown table."""
    columns = used_columns(rows, console=True)
    lines = [[column.heading for column in columns], [":--"] + ["--:"] * (len(columns) - 1)]
    lines += [[column.cell(row).replace("|", "\\|") for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _columns(rows: Sequence[ConfigurationResult]) -> list[FittedColumn]:
    return [
        FittedColumn(
            column.title, column.unit, tuple(column.cell(row) for row in rows), column.drops or 0
        )
        for column in used_columns(rows, console=True)
    ]


def remarks_of(recordings: Iterable[tuple[str, Iterable[str]]]) -> str:
    """Remarks with the names of the recordings that they hold for; empty if there is nothing to remark on.

    Args:
        recordings: name and remarks of each; a name that comes again (under another configuration) counts once.
    """
    found: dict[str, dict[str, None]] = {}
    for name, remarks in recordings:
        for remark in remarks:
            found.setdefault(remark, {})[name] = None
    said = []
    for remark, named in found.items():
        names = list(named)
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        said.append(f"{', '.join(names[:MOST_NAMES])}{more}: {remark}.")
    return " ".join(said)
