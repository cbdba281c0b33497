"""What a run leaves to look at: the curve, histograms of weights, lines in the log, a progress bar on a terminal.

::

    OUT/curve.csv        a line every 50 steps: losses, learning rate, seconds per step, word error rates where measured
       /histograms.csv   how the weights of one matrix lie, ten times in a run

A resumed run first drops the lines that lie after its checkpoint, so the files read as if it had never stopped.
"""

from __future__ import annotations

import csv
import io
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from azsim.output_file import write_output_file

HISTOGRAM_BINS = 201
HISTOGRAMS_PER_RUN = 10
HISTOGRAM_MATRIX = "encoder.1.recurrent"
HISTOGRAM_FIELDS = ("step", "matrix", "weight_over_largest", "count")

log = logging.getLogger("azsim.train")


class RunRecorder:
    """Writes the files of one run; ``name`` is shown beside the progress bar."""

    def __init__(self, out: Path, name: str, steps: int, first_step: int) -> None:
        self._curve, self._histograms = out / "curve.csv", out / "histograms.csv"
        self._steps, self._every = steps, max(1, steps // HISTOGRAMS_PER_RUN)
        for path in (self._curve, self._histograms):
            _drop_after(path, first_step)
        self._bar: Bar | None = None
        if sys.stderr.isatty() and log.isEnabledFor(logging.INFO):
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Bar(*columns, TimeRemainingColumn(), TextColumn("{task.fields[losses]}"))
            self._task = self._bar.add_task(name, total=steps, completed=first_step, losses="")
            self._bar.start()

    def step(self, step: int) -> None:
        """A step is done."""
        if self._bar:
            self._bar.update(self._task, completed=step)

    def row(self, row: dict[str, float | int | str]) -> None:
        """One line of the curve, which the log shows too."""
        shown = {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in row.items()}
        if self._bar:
            self._bar.update(self._task, losses=f"{shown['stage']} {shown['transducer_nats_per_label']} nats")
        log.info(" ".join(f"{key}={value}" for key, value in shown.items() if value != ""))
        _append(self._curve, [row])

    def histogram(self, step: int, weights: torch.Tensor) -> None:
        """How the weights lie, if it is time; in parts of the largest magnitude."""
        if step % self._every and step != self._steps:
            return
        values = weights.detach().numpy().ravel()
        largest = float(np.abs(values).max()) or 1.0
        counts, edges = np.histogram(values / largest, HISTOGRAM_BINS, (-1, 1))
        centres = ((edges[:-1] + edges[1:]) / 2).round(4)
        cells = ((step, HISTOGRAM_MATRIX, float(x), int(n)) for x, n in zip(centres, counts, strict=True))
        _append(self._histograms, [dict(zip(HISTOGRAM_FIELDS, each, strict=True)) for each in cells])

    def close(self) -> None:
        """End the progress bar."""
        if self._bar:
            self._bar.stop()


def _append(path: Path, rows: Sequence[dict[str, float | int | str]]) -> None:
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


def _drop_after(path: Path, step: int) -> None:
    """Keep the lines up to a step; all or none of the file is rewritten."""
    if not path.exists():
        return
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        kept, fields = [row for row in reader if row["step"] and int(row["step"]) <= step], reader.fieldnames
    lines = io.StringIO(newline="")
    writer = csv.DictWriter(lines, fields)
    writer.writeheader()
    writer.writerows(kept)
    write_output_file(path, [lines.getvalue().encode()])
