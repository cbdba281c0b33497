"""One number, one utterance, one word per line."""

from __future__ import annotations

import csv
import io
from dataclasses import fields, replace

import pytest

from azsim.report.csv_tables import csv_text, results_lines, utterance_lines, word_lines
from azsim.report.results import Comparison, ConfigurationResult
from tests.report import invented


def test_results_are_one_value_a_line(comparison: Comparison) -> None:
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


def test_units_are_those_in_the_names(comparison: Comparison) -> None:
    endings = {"%": "_percent", "ms": "_ms", "mJ": "_mj_per_utterance"}
    lines = results_lines(comparison)
    for line in lines:
        if line["unit"] in endings:
            assert line["metric"].endswith(endings[line["unit"]]), line
    units = {line["metric"]: line["unit"] for line in lines}
    assert units["model_bytes"] == units["peak_sram_bytes"] == units["uplink_bytes_per_utterance"] == "B"
    assert units["dram_by_client_bytes_per_s_speech"] == "B/s"
    assert units["bits_per_weight"] == units["weight_bits"] == "bit"
    assert units["rtf"] == units["utterances"] == units["share_of_fp32"] == "1"


def test_every_known_number_of_a_row_has_its_lines(comparison: Comparison) -> None:
    row = comparison.rows[3]
    only = replace(comparison, rows=(row,), production_rows=())
    lines = results_lines(only)
    found = {(line["metric"], line["group"], line["part"]): line["value"] for line in lines}
    for field in fields(ConfigurationResult):
        value = getattr(row, field.name)
        if isinstance(value, bool | str) or value is None or "_low_" in field.name or "_high_" in field.name:
            assert (field.name, "all", "") not in found, field.name
        elif field.name == "wer_by_group_percent":
            assert {group: found["wer_percent", group, ""] for group in value} == {k: v[0] for k, v in value.items()}
        elif isinstance(value, dict):
            assert {part: found[field.name, "all", part] for part in value} == value
        else:
            assert found[field.name, "all", ""] == value
    rate = next(line for line in lines if line["metric"] == "wer_delta_percent")
    assert (rate["low"], rate["high"]) == (row.wer_delta_low_percent, row.wer_delta_high_percent)


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-2+3", "@SUM(A1)", "'=1", "=cmd|' /C calc'!A0"])
def test_no_cell_is_a_formula_and_every_text_reads_back(evil: str) -> None:
    text = csv_text([{"config": evil, "value": -1.5, "n": -3}])
    (read,) = csv.DictReader(io.StringIO(text, newline=""))
    assert read["config"] == f"'{evil}"
    assert (read["value"], read["n"]) == ("-1.5", "-3"), "numbers stay numbers"
    (hidden,) = csv.DictReader(io.StringIO(csv_text([{"config": "\r\n\t=1", "n": 1}]), newline=""))
    assert hidden == {"config": "???=1", "n": "1"}
    plain = csv_text([{"config": "5-bit = 50 %", "value": 1}])
    assert next(csv.DictReader(io.StringIO(plain)))["config"] == "5-bit = 50 %"


def test_what_is_not_known_is_left_empty_and_quotes_survive() -> None:
    text = csv_text([{"a": None, "b": 1 / 3, "c": 'say "no", twice', "d": True, "e": 10**12}])
    assert text == 'a,b,c,d,e\n,0.333333333,"say ""no"", twice",True,1000000000000\n'


def test_an_utterance_that_was_not_timed_has_words_alone() -> None:
    (made,) = invented.results(invented.TRAINED[:1], 1)
    (timed,), (bare,) = utterance_lines([made]), utterance_lines([replace(made, timing=None)])
    assert list(timed) == list(bare)
    assert timed["latency_ms"] == made.timing.latency_ms
    assert timed["dram_bytes"] == sum(made.timing.dram_bytes.values())
    words = ("table", "config", "utterance", "group", "speaker", "reference", "hypothesis", "hypothesis_whole")
    for key, value in bare.items():
        assert value == timed[key] if key in (*words, "speech_end_estimated") else value is None, key
