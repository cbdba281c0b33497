"""The memory's slices and bandwidth hold every byte of the log."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from azsim.arbitration import CPU
from azsim.report.trace.memory import MemoryWaits, bandwidth
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_REQUEST, L_START
from azsim.soc.waits import who_waits_for_whom


def test_slices_hold_every_byte_every_grant_and_every_wait(timeline):
    slices = MemoryWaits(timeline.grants, timeline.window_ps).slices((0, timeline.elapsed_ps))
    assert sum(one.args["bytes"] for one in slices) == timeline.grants[:, L_BYTES].sum()
    assert sum(one.args["grants"] for one in slices) == len(timeline.grants)
    waited_us = sum(sum(one.args.get("memory_wait_us", {}).values()) for one in slices)
    assert waited_us == pytest.approx(who_waits_for_whom(timeline.grants).sum() / 1e6, rel=1e-2)
    assert all(left.end_ps <= right.start_ps for left, right in pairwise(slices))


def test_bandwidth_adds_up_to_the_bytes(timeline):
    window = (0, timeline.elapsed_ps + 10**9)
    rows = bandwidth(timeline.grants, window, 50)
    width_ps = window[1] / 50
    total = sum(sum(rates.values()) for _, rates in rows) * width_ps / 1000
    assert total == pytest.approx(timeline.grants[:, L_BYTES].sum(), rel=1e-3)
    assert [time_ps for time_ps, _ in rows] == sorted(time_ps for time_ps, _ in rows)


def test_outside_of_the_window_nothing_is_said_of_waits(timeline):
    cut = timeline.elapsed_ps // 2
    late = MemoryWaits(timeline.grants, (cut, 2**62))
    assert not late.of_processor(0, cut)
    early = timeline.grants[:, L_START] < cut
    assert (np.diff(timeline.grants[early][:, [L_REQUEST, L_START]]) > 0).any()
    assert late.of_processor(cut, 2**62)
    assert (timeline.grants[:, L_CLIENT] >= 0).all()


def test_a_client_that_its_policy_holds_back_waits_for_nobody():
    grants = np.array([[CPU, 0, 0, 0, 10_000, 1, 1], [CPU, 0, 10_000, 40_000, 50_000, 1, 2]], np.int64)
    waits = MemoryWaits(grants, (0, 10**6))
    assert waits.of_request(2) == {"held back": 0.03}
    assert waits.of_request(1) == {}
