"""Cells of the tables of studies, in Markdown and CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.report.columns import interval
from azsim.report.wer import Interval

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def interval_cell(found: Interval | None, digits: int = 1) -> str:
    """``value [low, high]``; empty where nothing is compared."""
    return "" if found is None else interval(found.value, found.low, found.high, digits=digits)


def write_csv(rows: Sequence[DataclassInstance], path: Path) -> None:
    """One line each under the names of the fields, floats to six digits."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, asdict(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in asdict(row).items()})
