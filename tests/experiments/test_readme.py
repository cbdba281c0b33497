"""The README's tables and sentences are those of the report, both word error rates beside each other."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from azsim.report.plain import plain, rows_to_json
from experiments import readme
from tests.report import invented

EXPERIMENT = {
    "model": "rnnt-student",
    "music": "track",
    "endpoint_silence_ms": 510,
    "production": {
        "encoder_layers": 5, "encoder_units": 1024, "prediction_layers": 2, "prediction_units": 1024, "embedding": 512,
        "joint": 512, "pieces": 4000, "utterances": 4,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def parts() -> dict[str, str]:
    made = invented.comparison(utterances=8)
    results = {
        "device": "az1",
        "rows": rows_to_json(made.rows),
        "production_rows": rows_to_json(made.production_rows),
        "shown": {"config": "5-bit", "why": "of median length", "reference": "turn on", "delivered": "turn on",
                  "timing_only": True},
    }  # fmt: skip
    return readme.parts_of(plain(results), {"configuration": {"experiment": EXPERIMENT}})


def test_both_word_error_rates_stand_beside_each_other(parts: dict[str, str]) -> None:
    head, rule, *lines = parts["trained"].splitlines()
    assert "WER whole % [95 %] | WER delivered % [95 %]" in head
    assert rule.count("|") == head.count("|")
    first = invented.comparison(utterances=8).rows[0]
    cells = [cell.strip() for cell in lines[0].strip("|").split("|")]
    assert len(lines) == 6
    assert all("[" in cell for cell in cells[1:3])
    assert f"({first.latency_utterances})" in cells[8]


def test_sentences_have_the_figures_of_the_report(parts: dict[str, str]) -> None:
    said = " ".join(parts["headline"].split())
    assert "2.6 M weights" in said
    assert "8 utterances" in said
    assert "510 ms without a new label" in said
    assert "with a WER of 6.7 %" in said
    assert "58.4 M weights" in " ".join(parts["production-headline"].split())
    assert "timing only" in parts["production-headline"]
    shown = " ".join(parts["shown"].split())
    assert "`5-bit` at production size. The utterance is of median length: reference \u201cturn on\u201d" in shown


def test_a_row_without_words_or_latency_has_dashes() -> None:
    (row,) = rows_to_json([dataclasses.replace(
        invented.comparison(utterances=2).rows[0], wer_percent=None, wer_delivered_percent=None, latency_p50_ms=None,
        latency_p90_ms=None, latency_utterances=0,
    )])  # fmt: skip
    assert "| \u2013 | \u2013 | \u2013 |" in readme.trained_line(row)
    assert "\u2013 / \u2013 (0)" in readme.trained_line(row)


def test_each_marker_stands_once_and_nothing_else_changes(parts: dict[str, str]) -> None:
    text = "before\n<!-- trained -->\nold\n<!-- /trained -->\nafter\n"
    assert readme.filled(text, {"trained": "a \\1 b"}) == text.replace("old", "a \\1 b")
    with pytest.raises(SystemExit, match="found 0 times"):
        readme.filled(text, {"shown": "x"})
    page = Path(readme.__file__).parent.parent / "README.md"
    assert all(line in readme.filled(page.read_text(encoding="utf-8"), parts) for line in parts.values())
