"""How numbers are written in tables."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.report.columns import COLUMNS, NOTHING, interval, number, scaled, significant, used_columns
from azsim.report.results import Comparison

FINITE = st.floats(-1e9, 1e9)


@settings(max_examples=50, deadline=None)
@given(value=FINITE, digits=st.integers(0, 4), sign=st.booleans())
def test_a_number_is_rounded_signed_if_asked_and_never_minus_nothing(value: float, digits: int, sign: bool) -> None:
    text = number(value, digits, sign)
    assert abs(float(text) - value) <= 0.5001 * 10.0**-digits
    if float(text) == 0:
        assert text.startswith("0")
    else:
        assert text.startswith("-") == (value < 0)
        assert text.startswith("+") == (sign and value > 0)
    assert ("." in text) == (digits > 0)


@settings(max_examples=50, deadline=None)
@given(value=st.floats(0.1, 1e6))
def test_three_digits_are_significant(value: float) -> None:
    text = significant(value)
    assert "e" not in text
    assert float(text) == pytest.approx(value, rel=0.005 if value >= 1 else 0.05)
    assert significant(-value) == f"-{text}"
    assert len(text.replace(".", "")) >= 3


def test_what_does_not_apply_is_a_dash() -> None:
    assert number(None) == significant(None) == interval(None, 1.0, 2.0) == NOTHING
    assert scaled(None, 1024) is None
    assert scaled(3072, 1024) == 3


def test_an_interval_is_shown_only_whole() -> None:
    assert interval(12.34, 11.0, 13.06) == "12.3 [11.0, 13.1]"
    assert interval(-0.5, -1.0, 0.02, sign=True) == "-0.5 [-1.0, 0.0]"
    assert interval(12.345, 11.0, 13.06, digits=2) == "12.35 [11.00, 13.06]"
    assert interval(12.34, None, 13.0) == interval(12.34, 11.0, None) == "12.3"


def test_columns_that_say_nothing_are_left_out(comparison: Comparison) -> None:
    rows = comparison.production_rows
    titles = [column.title for column in used_columns(rows, console=False)]
    assert not any(title.startswith("WER") for title in titles)
    assert titles[0] == "configuration"
    assert titles == [column.title for column in COLUMNS if column.title in titles]
    console = used_columns(rows, console=True)
    assert all(column.drops is not None for column in console)
    assert {column.title for column in console} < set(titles)
    late = [replace(row, deadline_misses=None) for row in rows]
    assert "deadline misses" not in [column.title for column in used_columns(late, console=True)]


def test_sizes_are_binary_and_rates_decimal(comparison: Comparison) -> None:
    units = {column.title: column.unit for column in COLUMNS}
    assert {units[title] for title in ("size", "uplink", "SRAM")} == {"KiB"}
    assert not {"kB", "MB", "KB"} & set(units.values())
    row = replace(comparison.rows[0], model_bytes=3 << 10, uplink_bytes_per_utterance=1536, peak_sram_bytes=1 << 20)
    cells = {column.title: column.cell(replace(row, dram_bytes_per_s_speech=2e6)) for column in COLUMNS}
    assert (cells["size"], cells["uplink"], cells["SRAM"], cells["DRAM"]) == ("3", "1.5", "1024", "2.00")


def test_every_cell_of_every_row_is_a_short_line(comparison: Comparison) -> None:
    for column in COLUMNS:
        assert column.meaning
        assert math.prod(column.heading.count(mark) for mark in "()") == bool(column.unit)
        for row in (*comparison.rows, *comparison.production_rows):
            cell = column.cell(row)
            assert 0 < len(cell) <= 30
            assert "\n" not in cell
