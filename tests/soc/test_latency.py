"""The wait for the final words, divided."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.soc.latency import ChainStretch, split_latency

PARTS = ("end_pointing_ps", "backlog_ps", "npu_ps", "search_ps", "network_ps")


def test_each_stretch_goes_to_its_part():
    stretches = [
        ChainStretch("npu", 6, 80, 130),
        ChainStretch("cpu", 7, 130, 135),
        ChainStretch("npu", 7, 135, 155),
        ChainStretch("cpu", 7, 155, 160),
    ]
    parts = split_latency(50, 100, 160, 7, stretches)
    assert [getattr(parts, name) for name in PARTS] == [50, 30, 20, 10, 0]


def test_work_before_the_end_point_does_not_count():
    parts = split_latency(50, 100, 100, 1, [ChainStretch("npu", 1, 60, 90)])
    assert [getattr(parts, name) for name in PARTS] == [50, 0, 0, 0, 0]


@settings(max_examples=50)
@given(
    lengths=st.lists(st.tuples(st.integers(0, 50), st.sampled_from(["cpu", "npu"]), st.integers(0, 3)), max_size=12),
    waited=st.none() | st.integers(0, 200),
    endpoint=st.integers(0, 200),
)
def test_the_parts_add_up(lengths, waited, endpoint):
    stretches, now = [], 0
    for length, engine, step in lengths:
        stretches.append(ChainStretch(engine, step, now, now + length))
        now += length
    final = max(now, endpoint)
    parts = split_latency(waited, endpoint, final, 3, stretches)
    assert parts.wait_ps == final - endpoint
    assert parts.total_ps == (None if waited is None else final - endpoint + waited)
    assert min(parts.backlog_ps, parts.npu_ps, parts.search_ps) >= 0
