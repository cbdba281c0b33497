"""The latency of a timing and its parts."""

from __future__ import annotations

import dataclasses

import pytest

from azsim.report.timing import LATENCY_PARTS
from azsim.soc.timeline import LatencyParts
from tests.report import invented


def test_latency_is_the_sum_of_the_parts_a_timeline_has() -> None:
    assert [f"{part}_ps" for part in LATENCY_PARTS] == [field.name for field in dataclasses.fields(LatencyParts)]
    timing = invented.results(invented.TRAINED[:1], 1)[0].timing
    assert list(timing.latency_parts_ms) == list(LATENCY_PARTS)
    assert timing.latency_ms == pytest.approx(sum(timing.latency_parts_ms.values()))
    assert dataclasses.replace(timing, latency_parts_ms=None).latency_ms is None
