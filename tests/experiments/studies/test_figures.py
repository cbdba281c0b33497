"""Histograms of a run are read as they were recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the studies need the extra `train`")

from experiments.studies.figures import draw_histograms, read_histograms


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose weights end on three values."""
    lines = ["step,matrix,weight_over_largest,count"]
    for step, counts in ((10, (1, 2, 2, 2, 1)), (20, (2, 0, 4, 0, 2))):
        lines += [f"{step},m,{x},{n}" for x, n in zip((-0.8, -0.4, 0.0, 0.4, 0.8), counts, strict=True)]
    (tmp_path / "histograms.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_reads_shares(run: Path) -> None:
    steps, places, shares = read_histograms(run / "histograms.csv")
    assert steps.tolist() == [10, 20]
    assert places.tolist() == [-0.8, -0.4, 0.0, 0.4, 0.8]
    np.testing.assert_allclose(shares.sum(1), 1)
    np.testing.assert_allclose(shares[1], [0.25, 0, 0.5, 0, 0.25])


def test_runs_without_histograms_are_left_out(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert draw_histograms({"none": tmp_path / "nowhere"}, "weights", out) == ""
    text = draw_histograms({"none": tmp_path / "nowhere", "three values": run}, "weights", out)
    assert "weights.png" in text
    assert "three values" in (out / "weights.svg").read_text()
