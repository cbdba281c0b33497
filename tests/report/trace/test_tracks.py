"""Slices of a track do not overlap, and joining loses none."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from azsim.report.trace.tracks import TraceSlice, clipped, joined, without_overlap

SLICES = st.lists(
    st.builds(
        lambda track, start, length: TraceSlice(track, track, start, start + length),
        st.sampled_from(["npu", "cpu0"]),
        st.integers(0, 10**8),
        st.integers(1, 10**7),
    ),
    max_size=60,
)


@given(SLICES)
def test_placed_slices_follow_one_another(slices):
    placed = without_overlap(slices)
    assert sorted((one.start_ps, one.end_ps) for one in placed) == sorted((one.start_ps, one.end_ps) for one in slices)
    for left, right in pairwise(placed):
        assert left.track != right.track or left.end_ps <= right.start_ps


@given(SLICES, st.integers(1, 30))
def test_joined_slices_fit_and_count_all(slices, room):
    placed = without_overlap(slices)
    found = joined(placed, room)
    assert len(found) <= max(room, len({one.track for one in placed}))
    assert sum(one.joined for one in found) == len(slices)


@given(SLICES, st.integers(0, 10**8), st.integers(1, 10**8))
def test_clipped_slices_lie_in_the_window(slices, start, length):
    for one in clipped(slices, start, start + length):
        assert start <= one.start_ps < one.end_ps <= start + length
