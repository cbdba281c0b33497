"""What a section of the validation report is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Section:
    """One comparison.

    Attributes:
        title: of the section.
        says: what is compared with what, and when it holds; Markdown.
        columns: of the table.
        rows: its cells; floats are printed as they are, so round them.
        holds: whether every row is as it should be.
        notes: what a reader should know about the residuals; Markdown.
    """

    title: str
    says: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    holds: bool
    notes: str = ""

    def markdown(self) -> str:
        """The section as Markdown."""
        lines = [f"## {self.title}", "", self.says, "", f"**{'Holds' if self.holds else 'Does not hold'}.**", ""]
        lines += [f"| {' | '.join(self.columns)} |", f"|{'---|' * len(self.columns)}"]
        lines += [f"| {' | '.join(_shown(cell) for cell in row)} |" for row in self.rows]
        return "\n".join([*lines, "", *([self.notes, ""] if self.notes else [])])


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "**no**"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
