"""Bytes per window."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import CPU, NETWORK
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_START
from tests.arbitration.cases import memory_with

WINDOW_PS, THRESHOLD, CHUNK = 100_000_000, 10_000, 4096


def test_a_window_ends_with_the_chunk_that_reaches_the_threshold():
    env, memory = memory_with("window-threshold")
    memory.submit(NETWORK, 7 * 4096, write=True, at_ps=0)
    env.run(until=10**9)
    windows = memory.grants()[:, L_START] // 100_000_000
    assert windows.tolist() == [0, 0, 0, 1, 1, 1, 2]


@settings(max_examples=25, deadline=None)
@given(requests=st.lists(st.tuples(st.integers(1, 30_000), st.integers(0, 10**9)), min_size=1, max_size=12))
def test_a_window_ends_once_the_threshold_is_reached_and_not_before(requests: list[tuple[int, int]]) -> None:
    env, memory = memory_with("window-threshold")
    for size, at in requests:
        memory.submit(NETWORK, size, write=True, at_ps=at)
        memory.submit(CPU, size, write=False, at_ps=at)
    env.run(until=10**11)
    grants = memory.grants()
    own = grants[grants[:, L_CLIENT] == NETWORK]
    assert own[:, L_BYTES].sum() == sum(size for size, _ in requests)
    number = own[:, L_START] // WINDOW_PS
    for which in np.unique(number):
        chunks = own[number == which, L_BYTES]
        assert chunks[:-1].sum() < THRESHOLD
    assert np.array_equal(np.unique(grants[:, L_CLIENT]), [CPU, NETWORK])
