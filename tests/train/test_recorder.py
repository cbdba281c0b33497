"""Curves and histograms of a run."""

from __future__ import annotations

import csv
import logging
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

import torch

from azsim.train.recorder import HISTOGRAM_BINS, HISTOGRAM_MATRIX, RunRecorder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def line(step: int) -> dict[str, float | int | str]:
    return {"step": step, "stage": "flat", "transducer_nats_per_label": step / 3, "wer_dev_seen_percent": ""}


def test_a_resumed_run_reads_as_if_it_had_never_stopped(tmp_path: Path):
    unbroken, resumed = tmp_path / "a", tmp_path / "b"
    for folder, runs in ((unbroken, [(0, range(1, 9))]), (resumed, [(0, range(1, 7)), (4, range(5, 9))])):
        folder.mkdir()
        for first, steps in runs:
            recorder = RunRecorder(folder, "tiny", 20, first)
            for step in steps:
                recorder.step(step)
                recorder.row(line(step))
                recorder.histogram(step, torch.full((2, 3), float(step)))
            recorder.close()
    for name in ("curve.csv", "histograms.csv"):
        assert (unbroken / name).read_bytes() == (resumed / name).read_bytes()
    assert [int(row["step"]) for row in rows(resumed / "curve.csv")] == list(range(1, 9))
    assert [float(row["transducer_nats_per_label"]) for row in rows(resumed / "curve.csv")][2] == 1.0
    assert sorted(path.name for path in resumed.iterdir()) == ["curve.csv", "histograms.csv"]


def test_a_histogram_counts_every_weight_in_parts_of_the_largest(tmp_path: Path):
    recorder = RunRecorder(tmp_path, "tiny", 20, 0)
    weights = torch.tensor([[-4.0, 0.0, 0.0], [2.0, 4.0, 0.01]])
    for step in range(1, 21):
        recorder.histogram(step, weights)
    found = rows(tmp_path / "histograms.csv")
    assert sorted({int(row["step"]) for row in found}) == list(range(2, 21, 2))
    last = [row for row in found if row["step"] == "20"]
    assert len(last) == HISTOGRAM_BINS
    assert {row["matrix"] for row in last} == {HISTOGRAM_MATRIX}
    counts = {float(row["weight_over_largest"]): int(row["count"]) for row in last if row["count"] != "0"}
    assert sum(counts.values()) == 6
    assert counts[0.0] == 3
    assert [place for place in counts if abs(place - 0.5) < 0.006]
    assert max(counts) == -min(counts) == pytest.approx(1, abs=0.006)


def test_the_last_step_has_a_histogram_and_weights_may_all_be_zero(tmp_path: Path):
    recorder = RunRecorder(tmp_path, "tiny", 25, 0)
    for step in range(1, 26):
        recorder.histogram(step, torch.zeros(2, 2))
    found = [row for row in rows(tmp_path / "histograms.csv") if row["step"] == "25"]
    assert {row["count"] for row in found if float(row["weight_over_largest"]) == 0} == {"4"}


def test_a_quiet_run_draws_no_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    log = logging.getLogger("azsim.train")
    for level, drawn in ((logging.WARNING, False), (logging.INFO, True)):
        log.setLevel(level)
        recorder = RunRecorder(tmp_path, "run", steps=3, first_step=0)
        assert (recorder._bar is not None) == drawn
        recorder.close()
    log.setLevel(logging.NOTSET)
