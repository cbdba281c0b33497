"""CSV tables: ``results.csv``, one number per line; ``utterances.csv`` and ``words.csv``, one thing per line."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator, Mapping, Sequence

from azsim.errors import readable
from azsim.report.results import Comparison, ConfigurationResult, UtteranceResult

_UNITS = (
    ("_bytes_per_s_speech", "B/s"),
    ("_bytes_per_utterance", "B"),
    ("_mj_per_utterance", "mJ"),
    ("_percent", "%"),
    ("_bytes", "B"),
    ("_ms", "ms"),
)
_INTERVALS = {
    "wer_percent": ("wer_low_percent", "wer_high_percent"),
    "wer_delivered_percent": ("wer_delivered_low_percent", "wer_delivered_high_percent"),
    "wer_delta_percent": ("wer_delta_low_percent", "wer_delta_high_percent"),
}
_LABELS = ("config", "codec", "note", "timing_only", "device")
_BOUNDS = {name for pair in _INTERVALS.values() for name in pair}


FORMULA_STARTS = ("=", "+", "-", "@", "'")
Line = dict[str, object]


def csv_text(lines: Sequence[Line]) -> str:
    """Comma-separated values, the keys of the first line as the header; floats in nine digits, None left empty.

    Text is as `text_cell` gives it.
    """
    if not lines:
        return ""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in line.items()} for line in lines)
    return stream.getvalue()


def text_cell(text: str) -> str:
    """``text`` on one line, an apostrophe before what a spreadsheet would take for a formula or for its own apostrophe.

    To read it back, take one leading apostrophe off. The rule stands in ``docs/output.md``.
    """
    text = readable(text)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.9g}"
    return text_cell(value) if isinstance(value, str) else value


def results_lines(comparison: Comparison) -> list[Line]:
    """Columns table, config, group, metric, part, unit, value, low, high: one known number per line.

    Metrics are called as in ``rows_to_json``; a mapping's key stands in ``part``.
    """
    return [
        {"table": table, **line}
        for table, rows in (("trained", comparison.rows), ("production", comparison.production_rows))
        for row in rows
        for line in _lines(row)
    ]


def utterance_lines(results: Sequence[UtteranceResult]) -> list[Line]:
    """One utterance under one configuration per line."""
    return [_utterance_line(result) for result in results]


def word_lines(results: Sequence[UtteranceResult]) -> list[Line]:
    """One recognised word per line, with the times at which it was emitted and its label posterior."""
    return [
        {
            "config": result.config,
            "utterance": result.utterance,
            "word": word.text,
            "start_ms": word.start_ms,
            "end_ms": word.end_ms,
            "label_posterior": word.label_posterior,
        }
        for result in results
        for word in result.words
    ]


def _lines(row: ConfigurationResult) -> Iterator[Line]:
    for field in dataclasses.fields(ConfigurationResult):
        name, value = field.name, getattr(row, field.name)
        if name in _LABELS or name in _BOUNDS or value is None:
            continue
        line = {"config": row.config, "group": "all", "metric": name, "part": "", "unit": _unit(name)}
        if name == "wer_by_group_percent":
            for group, (rate, low, high) in value.items():
                yield line | {"group": group, "metric": "wer_percent", "value": rate, "low": low, "high": high}
        elif isinstance(value, Mapping):
            for part, amount in value.items():
                yield line | {"part": part, "value": amount, "low": None, "high": None}
        else:
            low, high = (getattr(row, bound) for bound in _INTERVALS[name]) if name in _INTERVALS else (None, None)
            yield line | {"value": value, "low": low, "high": high}


def _unit(metric: str) -> str:
    for suffix, unit in _UNITS:
        if metric.endswith(suffix):
            return unit
    return "bit" if metric in ("weight_bits", "bits_per_weight") else "1"


def _utterance_line(result: UtteranceResult) -> Line:
    timing = result.timing
    return {
        "table": "production" if result.timing_only else "trained",
        "config": result.config,
        "utterance": result.utterance,
        "group": result.group,
        "speaker": result.speaker,
        "reference": result.reference,
        "hypothesis": result.hypothesis,
        "hypothesis_whole": result.hypothesis_whole,
        "speech_end_estimated": result.speech_end_estimated,
        "heard_ms": timing and timing.heard_ms,
        "latency_ms": timing and timing.latency_ms,
        "first_word_ms": timing and timing.first_word_ms,
        "premature_endpoint": timing and timing.premature_endpoint,
        "npu_busy_ms": timing and timing.busy_ms.get("npu"),
        "cpu_busy_ms": timing and timing.busy_ms.get("cpu"),
        "dram_bytes": timing and sum(timing.dram_bytes.values()),
        "uplink_bytes": timing and timing.uplink_bytes,
        "energy_mj": timing and sum(timing.energy_mj.values()),
        "peak_sram_bytes": timing and timing.peak_sram_bytes,
        "underruns": timing and timing.underruns,
        "deadline_misses": timing and timing.deadline_misses,
    }
