"""Tables and lines of an inspection."""

from __future__ import annotations

import io

from rich.console import Console

from azsim.inspect.inspection import Inspection, Table, number, show


def test_everything_is_printed_in_order_and_markup_is_text() -> None:
    rows = [("lanes", "32"), ("[b]window[/b]", "4")]
    shown = Inspection(
        {}, (Table("[on]e", ("what", "value"), rows), Table("two", ("a", "b"), [])), ("[i]last[/i] line",)
    )
    stream = io.StringIO()
    show(shown, Console(file=stream, width=60))
    text = stream.getvalue()
    places = [text.index(part) for part in ("[on]e", "what", "lanes", "[b]window[/b]", "two", "[i]last[/i] line")]
    assert places == sorted(places)


def test_long_lines_are_not_broken() -> None:
    stream = io.StringIO()
    show(Inspection({}, (), ("x" * 300,)), Console(file=stream, width=60))
    assert stream.getvalue() == "x" * 300 + "\n"


def test_numbers() -> None:
    assert [number(1234567.25), number(0.04), number(1e6, 0), number(None)] == [
        "1,234,567.2",
        "0.0",
        "1,000,000",
        "\u2013",
    ]
