"""Token buckets."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import CPU, MICROPHONE, NETWORK
from azsim.arbitration.hooks import hook_of, on_grant
from azsim.arbitration.policies.rate_regulated import RateRegulated, TokenBucket
from azsim.arbitration.policy import HELD, HOLD_FS
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_START
from tests.arbitration.cases import BOARD_CLIENTS, memory_with


def test_a_bucket_lets_its_burst_through_at_once_and_then_its_rate():
    env, memory = memory_with("rate-regulated")
    memory.submit(NETWORK, 5 * 4096, write=True, at_ps=0)
    env.run(until=10**9)
    starts = memory.grants()[:, L_START]
    # 8192 bytes at once; then each 4096 bytes wait until the bucket has filled by what they take, at 10 ns a byte
    assert starts.tolist() == [0, 4_096_000, 40_960_000, 81_920_000, 122_880_000]


def test_others_go_on_while_one_is_held_back():
    env, memory = memory_with("rate-regulated")
    memory.submit(NETWORK, 4 * 4096, write=True, at_ps=0)
    memory.submit(MICROPHONE, 320, write=True, at_ps=20_000_000)
    env.run(until=10**9)
    grants = memory.grants()
    assert grants[grants[:, L_CLIENT] == MICROPHONE][0, L_START] == 20_000_000


@settings(max_examples=25, deadline=None)
@given(requests=st.lists(st.tuples(st.integers(1, 20_000), st.integers(0, 10**9)), min_size=1, max_size=12))
def test_no_stretch_brings_more_than_rate_times_time_and_a_burst(requests: list[tuple[int, int]]) -> None:
    env, memory = memory_with("rate-regulated")
    for size, at in requests:
        memory.submit(NETWORK, size, write=False, at_ps=at)
    env.run(until=10**11)
    grants = memory.grants()
    assert grants[:, L_BYTES].sum() == sum(size for size, _ in requests)
    starts, through = grants[:, L_START], np.cumsum(grants[:, L_BYTES])
    before = through - grants[:, L_BYTES]
    for first in range(len(grants)):
        moved, time_ps = through[first:] - before[first], starts[first:] - starts[first]
        assert (moved <= 8192 + time_ps / 10_000 + 1e-6).all()  # 0.1 GB/s


@settings(max_examples=50, deadline=None)
@given(
    gbps=st.floats(0.01, 10),
    grants=st.lists(st.tuples(st.integers(1, 4096), st.integers(0, 10**7)), min_size=1, max_size=30),
)
def test_tokens_are_those_of_a_bucket_that_leaks_in(gbps: float, grants: list[tuple[int, int]]) -> None:
    """Held until now means: there are exactly the tokens that are asked for."""
    burst, client = 10_000, NETWORK
    policy = RateRegulated({"network": TokenBucket(gbps=gbps, burst_bytes=burst)})
    table, hook = policy.table(BOARD_CLIENTS), hook_of(policy)
    per_ps, tokens, now = gbps / 1000, float(burst), 0
    for size, pause in grants:
        tokens, now = min(burst, tokens + pause * per_ps), now + pause
        until = table[HELD, client] + size * table[HOLD_FS, client] / 1000
        short = (size - tokens) / per_ps
        assert abs(max(0.0, until - now) - max(0.0, short)) <= 25 * (1 + len(grants))  # whole ps and fs per byte
        if short <= 0:
            on_grant(hook, table, client, size, now)
            tokens -= size


def test_without_a_bucket_nobody_is_held_back() -> None:
    policy = RateRegulated()
    table = policy.table(BOARD_CLIENTS)
    before = table.copy()
    on_grant(hook_of(policy), table, CPU, 10**6, 10**6)
    assert np.array_equal(table, before)
