"""Cells of the tables of reports."""

from __future__ import annotations

from azsim.report.wer import Interval


def interval_cell(interval: Interval | None, decimals: int = 1) -> str:
    """An estimate with its interval in brackets if it has one, ``12.3 [11.0, 13.9]``; empty without an estimate."""
    if interval is None:
        return ""
    value, *ends = (
        "" if part is None else f"{part:.{decimals}f}" for part in (interval.value, interval.low, interval.high)
    )
    return f"{value} [{', '.join(ends)}]" if all(ends) else value
