"""Console, markdown and tidy tables."""

from __future__ import annotations

import io

import invented
from rich.console import Console

from azsim.report.columns import number
from azsim.report.results import Comparison
from azsim.report.table import markdown_table, print_tables
from azsim.report.tidy import results_frame, utterances_frame, words_frame


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


def test_results_are_tidy(comparison: Comparison) -> None:
    frame = results_frame(comparison)
    key = ["table", "config", "group", "metric", "part"]
    assert not frame.duplicated(key).any()
    assert frame["value"].notna().all()
    assert (frame["unit"] != "").all()
    assert not frame["metric"].str.contains("_low_|_high_").any()
    rates = frame[(frame["metric"] == "wer_percent") & (frame["group"] == "all")]
    assert list(rates["config"]) == [row.config for row in comparison.rows]
    assert (rates["low"] <= rates["value"]).all()


def test_utterances_and_words_one_per_line(comparison: Comparison, one_recording: Comparison) -> None:
    assert len(utterances_frame(comparison.utterances)) == len(comparison.utterances)
    assert len(words_frame(one_recording.utterances)) == 4
    assert words_frame(invented.results(invented.TRAINED[:1], 1)).empty
