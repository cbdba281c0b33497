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
        margins = sum(row.energy_margin_by_part_mj_per_utterance.values())
        assert margins == pytest.approx(row.energy_margin_mj_per_utterance)
        assert sum(row.dram_by_client_bytes_per_s_speech.values()) == pytest.approx(row.dram_bytes_per_s_speech)


def test_percentiles_leave_out_what_was_cut_early() -> None:
    results = invented.results(invented.TRAINED[:1], 5)
    timing = results[0].timing
    assert timing is not None
    cut = dataclasses.replace(timing, early_cut=True, latency_parts_ms={"end_pointing": -900.0})
    row = make_row(invented.TRAINED[0], [dataclasses.replace(results[0], timing=cut), *results[1:]])
    kept = [r.timing.latency_ms for r in results[1:] if r.timing and not r.timing.early_cut]
    assert row.latency_p50_ms == pytest.approx(np.percentile(kept, 50))
    assert row.early_cut_share is not None
    assert row.early_cut_share >= 0.2


def test_difference_is_zero_for_the_baseline_itself(comparison: Comparison) -> None:
    first = comparison.rows[0]
    assert (first.wer_delta_percent, first.wer_delta_low_percent, first.wer_delta_high_percent) == (0, 0, 0)


def test_timing_only_rows_have_no_words(comparison: Comparison) -> None:
    assert all(row.wer_percent is None and row.wer_delta_percent is None for row in comparison.production_rows)
    assert all(row.utterances == 4 for row in comparison.production_rows)


def test_no_utterances_give_an_empty_row() -> None:
    (row,) = make_rows(invented.TRAINED[:1], [])
    assert (row.wer_percent, row.latency_p50_ms, row.rtf, row.utterances) == (None, None, None, 0)
