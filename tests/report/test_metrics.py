"""A row says what its timelines say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from azsim.report.metrics import make_row, make_rows, measure
from azsim.report.results import Comparison
from tests.report import invented


def test_measure_converts_without_losing() -> None:
    timeline = invented.timeline()
    timing = measure(timeline, invented.work())
    assert timeline.latency is not None
    assert timing.latency_ms == pytest.approx(timeline.latency.total_ps / 1e9)
    moved = sum(timeline.dram_read_bytes.values()) + sum(timeline.dram_write_bytes.values())
    assert sum(timing.dram_bytes.values()) == moved
    assert sum(timing.energy_mj.values()) == pytest.approx(sum(timeline.energy_pj.values()) / 1e9)


def test_row_of_one_utterance_in_closed_form() -> None:
    result = invented.results(invented.TRAINED[:1], 1)[0]
    timing = result.timing
    assert timing is not None
    row = make_row(invented.TRAINED[0], [result])
    assert row.rtf == pytest.approx((timing.busy_ms["npu"] + timing.busy_ms["cpu"]) / timing.heard_ms)
    assert row.npu_busy_share == pytest.approx(timing.busy_ms["npu"] / timing.elapsed_ms)
    assert row.dram_bytes_per_s_speech == pytest.approx(sum(timing.dram_bytes.values()) / (timing.heard_ms / 1000))
    assert row.latency_p50_ms == row.latency_p99_ms == pytest.approx(timing.latency_ms)


def test_parts_add_up(comparison: Comparison) -> None:
    for row in (*comparison.rows, *comparison.production_rows):
        assert sum(row.energy_by_part_mj_per_utterance.values()) == pytest.approx(row.energy_mj_per_utterance)
        margins = sum(row.energy_above_idle_by_part_mj_per_utterance.values())
        assert margins == pytest.approx(row.energy_above_idle_mj_per_utterance)
        assert sum(row.dram_by_client_bytes_per_s_speech.values()) == pytest.approx(row.dram_bytes_per_s_speech)


def test_the_first_word_counts_from_the_start_of_speech() -> None:
    record, said = invented.timeline(), invented.work()
    shown_ms = record.step_release_ps[said.first_label_step] / 1e9 + record.first_partial_ps / 1e9
    assert measure(record, said, 250).first_word_ms == pytest.approx(shown_ms - 250)
    assert measure(record, said, 0).first_word_ms > 300, "eleven steps of sound come before it"
    assert measure(record, said).first_word_ms is None
    assert measure(record, said, round(shown_ms) + 5).first_word_ms is None, "a word before any speech"
    silent = dataclasses.replace(record, first_partial_ps=-1)
    assert measure(silent, said, 0).first_word_ms is None


def test_a_recording_listed_twice_pairs_row_by_row() -> None:
    """`raw` less itself is nothing, whatever stands twice and however differently it was heard."""
    first, second = invented.results(invented.TRAINED[:1], 2)
    first = dataclasses.replace(first, hypothesis_whole=first.reference)
    twice = [first, dataclasses.replace(first, hypothesis_whole="nothing of the kind"), second]
    (raw,) = make_rows(invented.TRAINED[:1], twice)
    assert (raw.wer_delta_percent, raw.wer_delta_low_percent, raw.wer_delta_high_percent) == (0, 0, 0)
    other = invented.TRAINED[1]
    worse = [dataclasses.replace(one, config=other.name) for one in twice]
    worse[0] = dataclasses.replace(worse[0], hypothesis_whole="")
    rows = make_rows((invented.TRAINED[0], other), [*twice, *worse])
    words = sum(len(one.reference.split()) for one in twice)
    assert rows[1].wer_delta_percent == pytest.approx(100 * len(first.reference.split()) / words, abs=1e-9)
    differently = [dataclasses.replace(worse[0], reference="other words"), *worse[1:]]
    assert make_rows((invented.TRAINED[0], other), [*twice, *differently])[1].wer_delta_percent is None


def test_what_is_not_known_is_not_counted_as_in_time() -> None:
    results = invented.results(invented.TRAINED[:1], 4)
    unknown = dataclasses.replace(results[0].timing, premature_endpoint=None, latency_parts_ms=None)
    early = dataclasses.replace(results[1].timing, premature_endpoint=True)
    late = [dataclasses.replace(one.timing, premature_endpoint=False) for one in results[2:]]
    told = [dataclasses.replace(one, timing=t) for one, t in zip(results, [unknown, early, *late], strict=True)]
    row = make_row(invented.TRAINED[0], told)
    assert row.premature_endpoint_share == pytest.approx(1 / 3)
    assert (row.utterances, row.latency_utterances) == (4, 2)


def test_both_word_error_rates_have_an_interval(comparison: Comparison) -> None:
    for row in comparison.rows:
        assert row.wer_delivered_low_percent <= row.wer_delivered_percent <= row.wer_delivered_high_percent


def test_percentiles_leave_out_premature_end_points() -> None:
    results = invented.results(invented.TRAINED[:1], 5)
    timing = results[0].timing
    assert timing is not None
    cut = dataclasses.replace(timing, premature_endpoint=True, latency_parts_ms={"end_pointing": -900.0})
    row = make_row(invented.TRAINED[0], [dataclasses.replace(results[0], timing=cut), *results[1:]])
    kept = [r.timing.latency_ms for r in results[1:] if r.timing and not r.timing.premature_endpoint]
    assert row.latency_p50_ms == pytest.approx(np.percentile(kept, 50))
    assert row.premature_endpoint_share is not None
    assert row.premature_endpoint_share >= 0.2


def test_difference_is_zero_for_the_baseline_itself(comparison: Comparison) -> None:
    first = comparison.rows[0]
    assert (first.wer_delta_percent, first.wer_delta_low_percent, first.wer_delta_high_percent) == (0, 0, 0)


def test_timing_only_rows_have_no_words(comparison: Comparison) -> None:
    assert all(row.wer_percent is None and row.wer_delta_percent is None for row in comparison.production_rows)
    assert all(row.utterances == 4 for row in comparison.production_rows)


def test_no_utterances_give_an_empty_row() -> None:
    (row,) = make_rows(invented.TRAINED[:1], [])
    assert (row.wer_percent, row.latency_p50_ms, row.rtf, row.utterances) == (None, None, None, 0)
