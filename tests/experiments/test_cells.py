"""Intervals as they stand in tables."""

from __future__ import annotations

from azsim.report.wer import Interval
from experiments.studies.cells import interval_cell


def test_an_estimate_stands_with_its_interval_if_it_has_one() -> None:
    assert interval_cell(Interval(12.34, 11.0, 13.96)) == "12.3 [11.0, 14.0]"
    assert interval_cell(Interval(-0.126, -0.2, 0.0), digits=2) == "-0.13 [-0.20, 0.00]"
    assert interval_cell(Interval(0.0, None, None)) == "0.0"
    assert interval_cell(None) == ""
