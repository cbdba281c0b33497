"""Tables that fit the terminal: names are shortened, whole columns leave or the table turns; no number is ever cut.

::

    too wide? ──> names shortened ──> turned on its side, if that fits ──> columns leave in their order, and it says so
                                                                           (too narrow for any table: a list)
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from azsim.errors import readable

PIPE_COLUMNS = 200
"""Width of what is no terminal: wide enough for every table of azsim."""
ELLIPSIS = "\u2026"
_GAP = 2
_NAME_CELLS, _MOST_NAME_CELLS = 20, 40  # what a shortened name keeps at least, and at most in a narrow terminal
_PROSE_COLUMNS = 110
_TAIL_SHARE = 0.35  # of a shortened name, kept at its end: names of one kind often differ there


@dataclass(frozen=True, slots=True)
class FittedColumn:
    """One column as text.

    Attributes:
        title: its words may stand in several lines.
        unit: below the title; may be empty.
        cells: one per row, each a single line.
        drops: its place in the order in which columns leave, the first to go being 1; 0 stays always.
    """

    title: str
    unit: str
    cells: tuple[str, ...]
    drops: int = 0

    @property
    def heading(self) -> str:
        """Title and unit in one line."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


def output_console() -> Console:
    """Standard output; a terminal has its width, a pipe or a file one that holds every table."""
    return Console() if sys.stdout.isatty() else Console(width=PIPE_COLUMNS)


def shortened(text: str, cells: int) -> str:
    """``text`` in at most ``cells`` of a terminal, an ellipsis in place of its middle."""
    if cell_len(text) <= cells:
        return text
    if cells <= 1:
        return ELLIPSIS[:cells]
    tail = int((cells - 1) * _TAIL_SHARE)
    head = set_cell_size(text, cells - 1 - tail).rstrip()
    return head + ELLIPSIS + (_last_cells(text, tail).lstrip() if tail else "")


def print_fitted(
    console: Console, title: str, columns: Sequence[FittedColumn], continues: bool = False
) -> list[FittedColumn]:
    """Print a table within the console's width; its first column holds names and always stays.

    Args:
        console: where to.
        title: a line above the table.
        columns: cells may hold anything; they are made safe to print here.
        continues: what does not fit goes on in a further table below, instead of being left out.

    Returns: the columns that were printed.
    """
    columns = [_told_apart(_safe(columns[0])), *map(_safe, columns[1:])]
    print_wrapped(console, title, "italic")
    least = _least_names(columns[0])
    if continues:
        return _print_blocks(console, columns, least)
    kept = _fitting(columns, console.width, least)
    if len(kept) < len(columns):
        turned = _turned(columns)
        least_turned = _least_names(turned[0])
        if _fitting([replace(column, drops=0) for column in turned], console.width, least_turned):
            _print_table(console, turned)
            return columns
    if not kept:
        _print_list(console, columns)
        return columns
    _print_table(console, kept)
    left_out = sorted((column for column in columns if column not in kept), key=lambda column: column.drops)
    if left_out:
        listed = ", ".join(column.heading for column in left_out)
        print_prose(console, f"left out at {console.width} columns: {listed}")
    return kept


def print_wrapped(console: Console, text: str, style: str = "") -> None:
    """A line; in a terminal that it is too long for it goes on in the next one, after a whole word."""
    console.print(Text(readable(text), style), soft_wrap=not console.is_terminal, highlight=False)


def print_prose(console: Console, text: str) -> None:
    """A paragraph below a table, wrapped at words; no wider than is easy to read."""
    console.print(Text(readable(text), "dim"), width=min(console.width, _PROSE_COLUMNS), highlight=False)


def _print_blocks(console: Console, columns: Sequence[FittedColumn], least: int) -> list[FittedColumn]:
    """As many columns as fit, then the next ones below, each time beside the names."""
    names, *waiting = columns
    while waiting:
        count = len(waiting)
        while count and not _fitting([names, *waiting[:count]], console.width, least, may_leave=False):
            count -= 1
        if not count:
            _print_list(console, [names, *waiting])
            break
        _print_table(console, [names, *waiting[:count]])
        waiting = waiting[count:]
    return list(columns)


def _safe(column: FittedColumn) -> FittedColumn:
    cells = tuple(readable(cell) for cell in column.cells)
    return FittedColumn(readable(column.title), readable(column.unit), cells, column.drops)


def _told_apart(names: FittedColumn) -> FittedColumn:
    """Names of thousands of letters, numbered where they would look alike when they are shortened."""
    short = [shortened(name, _MOST_NAME_CELLS) for name in names.cells]
    if len(set(short)) == len(set(names.cells)):
        return names
    cells = tuple(f"{shortened(name, _MOST_NAME_CELLS - 5)} #{place}" for place, name in enumerate(names.cells, 1))
    return replace(names, cells=cells)


def _fitting(columns: Sequence[FittedColumn], width: int, least: int, may_leave: bool = True) -> list[FittedColumn]:
    """The columns that stay where the names take ``least`` cells; none if even those that always stay do not fit."""
    kept = list(columns)
    while least + sum(_natural(column) + _GAP for column in kept[1:]) > width:
        leaving = [column for column in kept[1:] if column.drops and may_leave]
        if not leaving:
            return []
        kept.remove(min(leaving, key=lambda column: column.drops))
    return kept


def _turned(columns: Sequence[FittedColumn]) -> list[FittedColumn]:
    """Headings become names, names become headings."""
    names, *others = columns
    first = FittedColumn(names.title, "", tuple(column.heading for column in others))
    return [first] + [
        FittedColumn(name, "", tuple(column.cells[index] for column in others))
        for index, name in enumerate(names.cells)
    ]


def _natural(column: FittedColumn) -> int:
    """Cells of a column that shows every cell whole, its title a word a line if need be."""
    words = [*column.title.split(), column.unit]
    return max(map(cell_len, [*column.cells, *words]), default=0)


def _least_names(names: FittedColumn) -> int:
    """Cells that the names need at least: names that differ differ shortened too."""
    natural, different = _natural(names), len(set(names.cells))
    for cells in range(min(_NAME_CELLS, natural), min(_MOST_NAME_CELLS, natural)):
        if len({shortened(name, cells) for name in names.cells}) == different:
            return cells
    return min(_MOST_NAME_CELLS, natural)


def _print_table(console: Console, columns: Sequence[FittedColumn]) -> None:
    others = [_natural(column) for column in columns[1:]]
    room = console.width - sum(others) - _GAP * len(others)
    widths = [min(_natural(columns[0]), room), *others]
    titles = [_lines(column.title, width) for column, width in zip(columns, widths, strict=True)]
    height = max(map(len, titles))
    for line in zip(*([""] * (height - len(lines)) + lines for lines in titles), strict=True):
        _print_line(console, _row(line, widths), "bold")
    if any(column.unit for column in columns):
        _print_line(console, _row([column.unit for column in columns], widths), "bold")
    _print_line(console, "\u2500" * (sum(widths) + _GAP * len(others)), "dim")
    for cells in zip(*(column.cells for column in columns), strict=True):
        _print_line(console, _row(cells, widths))
    console.print()


def _print_list(console: Console, columns: Sequence[FittedColumn]) -> None:
    """A heading and its cell a line each, for a terminal that holds no table; long lines go on in the next one."""
    names, *others = columns
    for column in others if len(others) == 1 else ():
        print_wrapped(console, column.heading, "bold")
        for name, cell in zip(names.cells, column.cells, strict=True):
            print_wrapped(console, f"  {name}: {cell}" if cell else f"  {name}")
    for index, name in enumerate(names.cells if len(others) > 1 else ()):
        print_wrapped(console, name, "bold")
        for column in others:
            print_wrapped(console, f"  {column.heading}: {column.cells[index]}")
    console.print()


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first to the left, the others to the right."""
    parts = [
        (" " * (width - cell_len(cell)) + cell) if place else set_cell_size(shortened(cell, width), width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return (" " * _GAP).join(parts).rstrip()


def _lines(title: str, width: int) -> list[str]:
    """The words of a title in lines of at most ``width``."""
    lines: list[str] = []
    for word in title.split():
        if lines and cell_len(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def _last_cells(text: str, cells: int) -> str:
    """The longest end of ``text`` within ``cells``."""
    kept = ""
    for letter in reversed(text):
        if cell_len(letter + kept) > cells:
            break
        kept = letter + kept
    return kept


def _print_line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style), soft_wrap=True, highlight=False)
