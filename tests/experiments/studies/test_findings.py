"""What a page says follows its rows: turned round they say the opposite, and without rows nothing is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="the studies need the extra `train`")

from experiments.one_percent import __main__ as one_percent
from experiments.quantisation import __main__ as quantisation
from experiments.sparsity import __main__ as sparsity
from experiments.studies.findings import best, compared, listed, more_errors, settings_of, told, verdict
from experiments.studies.study import Case, StudyResult
from experiments.teacher_student import __main__ as teacher_student

ROW = StudyResult(
    "a", "line", "quantisation/control", "packed", 4, 0.0, 500_000, 4.0, None,
    20.0, 18.0, 22.0, 30.0, 25.0, 35.0, "b", -3.0, -4.0, -2.0,
)  # fmt: skip
WORSE = replace(ROW, difference_percent=3.0, difference_low=2.0, difference_high=4.0)
CHANCE = replace(ROW, difference_percent=0.4, difference_low=-1.0, difference_high=1.8)


def test_a_verdict_is_the_intervals() -> None:
    assert [verdict(row) for row in (ROW, WORSE, CHANCE)] == ["fewer", "more", "within chance"]
    assert verdict(replace(ROW, difference_low=None)) == "within chance"


def test_a_comparison_says_where_and_by_how_much() -> None:
    said = compared("`x`", "`y`", {"at 4 bits": ROW, "at 3 bits": WORSE, "at 2 bits": CHANCE, "at 1 bit": None})
    assert said == (
        "Against `y`, `x` has fewer word errors at 4 bits (3.0 points); more word errors at 3 bits (3.0 points); "
        "a difference within chance at 2 bits."
    )
    assert compared("`x`", "`y`", {"": CHANCE}) == "Against `y`, `x` has a difference within chance."
    assert compared("`x`", "`y`", {"at 4 bits": None}) is None


def test_words_of_rates() -> None:
    assert more_errors(ROW, replace(ROW, wer_synthetic_percent=10.0, wer_real_percent=40.0)) == (
        "100 % more errors on synthetic speech and 25 % fewer errors on real speech"
    )
    assert best({"`x`": ROW, "`y`": replace(ROW, wer_synthetic_percent=19.9)}, "At 4 bits") == (
        "At 4 bits `y` has the lowest WER on synthetic speech, 19.9 %."
    )
    assert best({"`x`": ROW}, "At 4 bits") is None
    assert told(["a.", None, "b."]) == "a. b."
    assert [listed(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_settings_are_those_of_rows_and_recipes() -> None:
    text = settings_of([Case("a", "line", "quantisation/control", "packed", 4)], [ROW], (5.0, 15.0))
    assert "Networks of 1 M weights" in text
    assert "600 steps (1 run)" in text
    assert "5 to 15 dB" in text


@pytest.mark.parametrize("study", [quantisation, sparsity, teacher_student, one_percent])
def test_a_study_says_what_its_rows_bear(study) -> None:
    assert study.shown([]) == ""
    rows = [
        replace(
            ROW,
            label=case.label,
            codec=case.codec or "float",
            against=case.against,
            model_bytes=100_000 + index,
            wer_synthetic_percent=20 + 0.01 * index,
        )
        for index, case in enumerate(study.cases())
    ]
    said = study.shown(rows)
    worse = [
        replace(row, difference_percent=3.0, difference_low=2.0, difference_high=4.0, wer_synthetic_percent=90.0)
        for row in rows
    ]
    turned = study.shown(worse)
    assert said
    assert turned
    assert said != turned
    if study is not one_percent:
        assert "fewer word errors" in said
        assert "fewer word errors" not in turned


def test_the_claim_is_said_to_hold_only_where_it_does() -> None:
    teacher = replace(ROW, label="teacher fp32", codec="float", model_bytes=30_000_000)
    small = replace(ROW, label="3 bits", model_bytes=200_000, wer_synthetic_percent=21.0, wer_real_percent=31.0)
    assert "the claim holds for 3 bits" in one_percent.shown([teacher, small])
    assert "the claim holds for none" in one_percent.shown([teacher, replace(small, wer_real_percent=40.0)])
    assert "0 of 1 cases" in one_percent.shown([teacher, replace(small, model_bytes=300_001)])
