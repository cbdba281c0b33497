"""Cells of the tables of studies."""

from __future__ import annotations

from azsim.report.columns import interval
from azsim.report.wer import Interval


def interval_cell(found: Interval | None, digits: int = 1) -> str:
    """``value [low, high]``; empty where nothing is compared."""
    return "" if found is None else interval(found.value, found.low, found.high, digits=digits)
