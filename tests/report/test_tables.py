"""Console, markdown and tidy tables."""

from __future__ import annotations

import csv
import io

import invented
import pytest
from rich.console import Console

from azsim.report.columns import number
from azsim.report.results import Comparison
from azsim.report.table import markdown_table, print_tables
from azsim.report.tidy import csv_text, results_lines, utterance_lines, word_lines


def test_console_tables_fit_120_columns(comparison: Comparison) -> None:
    stream = io.StringIO()
    print_tables(comparison, Console(file=stream, width=120))
    lines = stream.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 120
    assert all(any(row.config in line for line in lines) for row in comparison.rows)
    assert "\u2026" not in stream.getvalue()


def test_markup_in_a_name_is_text(one_recording: Comparison) -> None:
    assert markdown_table(one_recording.rows).count("\n") == 3
    assert number(-0.0) == "0.0"
    assert number(None) == "\u2013"


def test_the_console_explains_its_short_titles(comparison: Comparison) -> None:
    stream = io.StringIO()
    print_tables(comparison, Console(file=stream, width=140))
    text = " ".join(stream.getvalue().split())
    for explained in ("post: WER of the same compression, not fine-tuned", "xrun: music underruns", "late: steps"):
        assert explained in text


def test_results_are_tidy(comparison: Comparison) -> None:
    lines = results_lines(comparison)
    keys = [tuple(line[key] for key in ("table", "config", "group", "metric", "part")) for line in lines]
    assert len(set(keys)) == len(keys)
    assert all(line["value"] is not None and line["unit"] for line in lines)
    assert not any("_low_" in line["metric"] or "_high_" in line["metric"] for line in lines)
    rates = [line for line in lines if line["metric"] == "wer_percent" and line["group"] == "all"]
    assert [rate["config"] for rate in rates] == [row.config for row in comparison.rows]
    assert all(rate["low"] <= rate["value"] for rate in rates)


def test_csv_reads_back(comparison: Comparison) -> None:
    lines = results_lines(comparison)
    read = list(csv.DictReader(io.StringIO(csv_text(lines))))
    assert list(read[0]) == ["table", "config", "group", "metric", "part", "unit", "value", "low", "high"]
    assert [float(line["value"]) for line in read] == pytest.approx([line["value"] for line in lines], rel=1e-8)
    assert csv_text([]) == ""


def test_utterances_and_words_one_per_line(comparison: Comparison, one_recording: Comparison) -> None:
    assert len(utterance_lines(comparison.utterances)) == len(comparison.utterances)
    assert len(word_lines(one_recording.utterances)) == 4
    assert word_lines(invented.results(invented.TRAINED[:1], 1)) == []
