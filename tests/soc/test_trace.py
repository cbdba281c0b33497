"""What the recorder keeps, with a trace and without."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import BOARD
from azsim.soc.timeline import Span
from azsim.soc.trace import MERGE_PS, Recorder


def filled(trace: bool) -> Recorder:
    recorder = Recorder(trace, (100, 200))
    recorder.span("npu", "joint", 50, 90, 2, asked_ps=40, request=7)
    recorder.span("cpu0", "search", 10, 60)
    recorder.span("cpu1", "search", 10, 30)
    recorder.instant("playback", "underrun", 80)
    recorder.instant("npu", "deadline miss", 20)
    recorder.count("ring", 5, 3)
    recorder.count("ring", 9, 1)
    return recorder


def test_without_a_trace_the_instants_alone_are_kept() -> None:
    recorder = filled(trace=False)
    assert recorder.spans(10**6) == ()
    assert recorder.counters() == {}
    assert [(one.name, one.time_ps) for one in recorder.instants()] == [("deadline miss", 20), ("underrun", 80)]
    assert not any(recorder.detailed(time_ps) for time_ps in (0, 99, 100, 150))


def test_spans_come_in_order_and_are_cut_off_at_the_end() -> None:
    recorder = filled(trace=True)
    search = Span("cpu0", "search", 10, 60), Span("cpu1", "search", 10, 30)
    assert recorder.spans(1000) == (*search, Span("npu", "joint", 50, 90, 2, 40, 7))
    assert recorder.spans(70) == (*search, Span("npu", "joint", 50, 70, 2, 40, 7))
    assert recorder.spans(50) == (Span("cpu0", "search", 10, 50), search[1])
    assert recorder.spans(10) == ()


def test_levels_and_details() -> None:
    recorder = filled(trace=True)
    times, values = recorder.counters()["ring"]
    assert (times.tolist(), values.tolist()) == ([5, 9], [3, 1])
    assert [time_ps for time_ps in (99, 100, 199, 200) if recorder.detailed(time_ps)] == [100, 199]


@settings(max_examples=50, deadline=None)
@given(
    grants=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 1), st.sampled_from([0, MERGE_PS, MERGE_PS + 1])), max_size=20
    )
)
def test_neighbours_of_one_kind_make_one_span_of_the_memory(grants: list[tuple[int, int, int]]) -> None:
    rows, expected, now = [], [], 0
    for client, write, gap in grants:
        start, now = now + gap, now + gap + 10
        rows.append([client, write, start, start, now, 64, 1])
        name = f"{BOARD[client]} {'write' if write else 'read'}"
        if expected and expected[-1][0] == name and gap <= MERGE_PS:
            expected[-1][2] = now
        else:
            expected.append([name, start, now])
    recorder = Recorder(trace=True)
    log = np.array(rows, np.int64).reshape(-1, 7)
    recorder.memory(log, BOARD)
    assert recorder.grants is log
    assert [[span.name, span.start_ps, span.end_ps] for span in recorder.spans(10**12)] == expected
