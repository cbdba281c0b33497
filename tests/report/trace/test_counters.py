"""Levels: what waits, counted by hand; thinning keeps dips and peaks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from azsim.report.trace.counters import counter_events, thinned
from azsim.soc.memory.columns import L_REQUEST, L_START


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(-50, 50)), min_size=1, max_size=300),
    st.integers(4, 40),
    st.integers(0, 10**6),
)
def test_a_thinned_level_keeps_its_least_and_its_largest(changes, room, start):
    times = 1000 * np.array(sorted({time for time, _ in changes}))  # whole nanoseconds
    start *= 1000
    values = np.array([value for _, value in changes])[: len(times)]
    window = (start, start + 10**9)
    at, level = thinned((times, values), window, room)
    before = values[times <= start][-1] if (times <= start).any() else 0
    inside = np.append(before, values[(times > start) & (times < window[1])])
    assert (np.diff(at) > 0).all()
    assert at[0] == start
    assert (level.min(), level.max(), level[0]) == (inside.min(), inside.max(), before)
    assert len(at) <= max(room, 3) + 1


def test_requests_that_wait_are_counted_at_every_change(timeline):
    events = counter_events(timeline, (0, timeline.elapsed_ps), 10**7)
    name = "dram requests waiting"
    found = [(round(event["ts"] * 1e6), event["args"]["value"]) for event in events if event["name"] == name]
    grants = timeline.grants
    assert max(value for _, value in found) >= 1
    for time_ps, value in found[:: max(1, len(found) // 50)]:
        seen = time_ps + 999  # times of a trace are whole nanoseconds
        waiting = ((grants[:, L_REQUEST] <= seen) & (grants[:, L_START] > seen)).sum()
        assert abs(int(waiting) - value) <= 1
    assert found[-1][1] == 0


def test_every_counter_belongs_to_its_subsystem(timeline):
    names = {event["name"].partition(",")[0]: event["pid"] for event in counter_events(timeline, (0, 10**12), 5000)}
    assert names == {
        "utterance steps under way": 1,
        "npu jobs waiting": 2,
        "cpu jobs waiting": 3,
        "dram requests waiting": 4,
        "DRAM GB/s": 4,
        "music ring frames": 5,
    }
