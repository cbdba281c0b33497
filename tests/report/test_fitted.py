"""Tables that fit: every number whole at every width, and whoever leaves is named."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from azsim.report.fitted import ELLIPSIS, FittedColumn, print_fitted, shortened

NUMBERS = st.from_regex(r"[1-9][0-9]{0,9}(\.[0-9]{1,3})?", fullmatch=True)


def printed(columns: list[FittedColumn], width: int, continues: bool = False) -> str:
    stream = io.StringIO()
    print_fitted(Console(file=stream, width=width), "a table", columns, continues)
    return stream.getvalue()


def words(text: str) -> set[str]:
    return set(text.split())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=14),
    st.integers(40, 160),
    st.booleans(),
)
def test_a_number_stands_whole_or_its_column_is_named(cells: list[list[str]], width: int, continues: bool) -> None:
    columns = [FittedColumn("name", "", ("one", "two", "three"))]
    columns += [FittedColumn(f"title{n}", "ms", tuple(column), n + 1) for n, column in enumerate(cells)]
    text = printed(columns, width, continues)
    left_out = text.partition("left out at")[2]
    shown = words(text.partition("left out at")[0])
    gone = [f"title{n}" in words(left_out.replace(",", " ")) for n in range(len(cells))]
    assert not (continues and any(gone))
    for column, is_gone in zip(cells, gone, strict=True):
        assert is_gone or set(column) <= shown
    assert gone == sorted(gone, reverse=True), "the first in the order go first"
    assert max(map(cell_len, text.splitlines())) <= width


def test_a_table_is_turned_before_a_column_leaves() -> None:
    columns = [FittedColumn("name", "", ("only",))]
    columns += [FittedColumn(f"title {n}", "ms", ("123456789",), n + 1) for n in range(9)]
    text = printed(columns, 60)
    assert "left out" not in text
    assert re.search(r"^title 3 \(ms\) +123456789$", text, flags=re.MULTILINE)


def test_a_terminal_too_narrow_for_any_table_gets_a_list() -> None:
    columns = [
        FittedColumn("name", "", ("a", "b")),
        FittedColumn("n", "", ("1" * 30, "2")),
        FittedColumn("m", "", "34"),
    ]
    text = printed(columns, 20)
    assert "1" * 20 in text
    assert "  m: 4" in text


def test_long_names_are_shortened_and_stay_different() -> None:
    names = tuple("a" * 3000 + f"{n}" + "b" * 2000 for n in range(3))
    short = printed([FittedColumn("name", "", names), FittedColumn("n", "", ("1", "2", "3"))], 60)
    assert ELLIPSIS in short
    assert max(map(cell_len, short.splitlines())) <= 60
    alike = tuple(f"layers.{n}.attention.output.projection.weight" for n in range(3))
    rows = printed([FittedColumn("name", "", alike), FittedColumn("n", "", ("1", "2", "3"))], 30).splitlines()[3:6]
    assert len({row.split()[0] for row in rows}) == 3


@given(st.text(max_size=60), st.integers(0, 40))
def test_what_is_shortened_fits(text: str, cells: int) -> None:
    short = shortened(text, cells)
    assert cell_len(short) <= cells or short == text
    assert short == text or ELLIPSIS in short or cells == 0


@pytest.mark.parametrize("evil", ["\x1b[2J\x1b]0;title\x07", "a\nb", "\x9b31m", "x\u202ey", "\uffff"])
def test_nothing_a_terminal_obeys_gets_through(evil: str) -> None:
    columns = [FittedColumn(evil, evil, (evil, "b")), FittedColumn(evil, evil, ("1", evil))]
    for width in (20, 60, 200):
        text = printed(columns, width)
        assert not any(mark in text for mark in evil if not mark.isprintable() and mark != "\n")
