"""Priorities that follow the latency."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import CPU, NETWORK
from azsim.arbitration.hooks import hook_of, on_finish
from azsim.arbitration.policies.latency_regulated import LatencyRegulated, LatencyTarget
from azsim.arbitration.policy import RANK
from tests.arbitration.cases import BOARD_CLIENTS
from tests.soc.cases import device


def test_latency_above_the_target_raises_priority_and_below_lowers_it():
    target = LatencyTarget(target_ns=1000.0, lowest=3, highest=10, step_log2_ns=8)
    table = LatencyRegulated({"network": target}).table(BOARD_CLIENTS)
    rank = table[RANK]
    assert 15 - rank[NETWORK] == 4
    hook = hook_of(LatencyRegulated())
    on_finish(hook, table, NETWORK, 1_000_000 + 256_000)
    assert 15 - rank[NETWORK] == 5
    for _ in range(100):
        on_finish(hook, table, NETWORK, 9_000_000)
    assert 15 - rank[NETWORK] == 10
    for _ in range(100):
        on_finish(hook, table, NETWORK, 0)
    assert 15 - rank[NETWORK] == 3
    on_finish(hook, table, CPU, 9_000_000)
    assert 15 - rank[CPU] == device().priority.cpu


@settings(max_examples=50, deadline=None)
@given(
    step=st.integers(0, 12),
    limits=st.tuples(st.integers(0, 15), st.integers(0, 15)).map(sorted),
    latencies_ns=st.lists(st.integers(0, 20_000), max_size=40),
)
def test_it_is_an_integral_controller_between_its_limits(step: int, limits: list[int], latencies_ns: list[int]) -> None:
    lowest, highest = limits
    target = LatencyTarget(target_ns=3000.0, lowest=lowest, highest=highest, step_log2_ns=step)
    policy = LatencyRegulated({"network": target})
    table, hook = policy.table(BOARD_CLIENTS), hook_of(policy)
    level_ns, priority = 2**step, min(max(device().priority.network, lowest), highest) * 2**step
    assert 15 - table[RANK, NETWORK] == priority // level_ns
    for latency_ns in latencies_ns:
        on_finish(hook, table, NETWORK, 1000 * latency_ns)
        priority = min(max(priority + latency_ns - 3000, lowest * level_ns), highest * level_ns)
        assert 15 - table[RANK, NETWORK] == priority // level_ns


@pytest.mark.parametrize(("lowest", "highest", "start"), [(0, 15, 4), (6, 9, 6), (0, 2, 2)])
def test_it_begins_at_its_own_priority_or_the_nearest_allowed(lowest: int, highest: int, start: int) -> None:
    target = LatencyTarget(target_ns=1000.0, lowest=lowest, highest=highest, step_log2_ns=8)
    table = LatencyRegulated({"network": target}).table(BOARD_CLIENTS)
    assert device().priority.network == 4
    assert 15 - table[RANK, NETWORK] == start
