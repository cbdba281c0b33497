"""Intervals as they stand in tables, rows as they stand in a CSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from azsim.report.wer import Interval
from experiments.studies.cells import interval_cell, write_csv


def test_an_estimate_stands_with_its_interval_if_it_has_one() -> None:
    assert interval_cell(Interval(12.34, 11.0, 13.96)) == "12.3 [11.0, 14.0]"
    assert interval_cell(Interval(-0.126, -0.2, 0.0), digits=2) == "-0.13 [-0.20, 0.00]"
    assert interval_cell(Interval(0.0, None, None)) == "0.0"
    assert interval_cell(None) == ""


@dataclass(frozen=True)
class Line:
    case: str
    size_bytes: int
    percent: float | None


def test_rows_are_written_under_the_names_of_their_fields(tmp_path: Path) -> None:
    write_csv([Line("a, b", 12345678, 100 / 3), Line("c", 0, None)], tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes() == b'case,size_bytes,percent\n"a, b",12345678,33.3333\nc,0,\n'
