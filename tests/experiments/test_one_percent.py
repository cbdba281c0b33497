"""The claim is judged by bytes and by both kinds of speech."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the studies need the extra `train`")

from experiments.one_percent.__main__ import claim
from experiments.studies.study import StudyResult

TEACHER = StudyResult(
    "teacher fp32", "waterfall", "teacher", "float", 32, 0.0, 40_000_000, 32.0, None,
    4.0, 3.0, 5.0, 8.0, 6.0, 10.0, "", None, None, None,
)  # fmt: skip
STUDENT = replace(TEACHER, label="student fp32", model_bytes=4_000_000, wer_synthetic_percent=4.2)
EIGHT = replace(STUDENT, label="student 8 bits", model_bytes=1_010_000, bits_per_weight=8.08)
SMALL = replace(
    STUDENT,
    label="3 bits, 50 %, zvsv",
    line="trained, zvsv",
    weight_bits=3,
    sparsity=0.5,
    model_bytes=390_000,
    bits_per_weight=3.12,
)
CODED = replace(SMALL, label="3 bits, 50 %, ans", line="trained, ans", model_bytes=350_000)


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({"wer_synthetic_percent": 4.4, "wer_real_percent": 8.8}, "yes"),
        ({"wer_synthetic_percent": 4.5}, "no"),
        ({"wer_real_percent": 9.0}, "no"),
        ({"model_bytes": 400_001}, "no"),
        ({"model_bytes": 400_000}, "yes"),
    ],
)
def test_holds_by_bytes_and_both_rates(change: dict[str, float], holds: str, tmp_path: Path) -> None:
    text = claim([TEACHER, replace(SMALL, **change)], tmp_path, tmp_path)
    (line,) = [line for line in text.splitlines() if line.startswith("| 3 bits, 50 %, zvsv")]
    assert line.endswith(f"| {holds} |")


def test_draws_how_the_bytes_went(tmp_path: Path) -> None:
    text = claim([TEACHER, STUDENT, EIGHT, SMALL, CODED], tmp_path, tmp_path)
    assert "waterfall.png" in text
    drawn = (tmp_path / "waterfall.svg").read_text()
    for said in ("39,062 KiB = 100.00 %", "381 KiB = 0.97 %", "342 KiB = 0.88 %"):
        assert said in drawn


def test_says_nothing_without_a_teacher(tmp_path: Path) -> None:
    assert claim([SMALL], tmp_path, tmp_path) == ""
