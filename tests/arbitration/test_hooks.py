"""The hooks of all policies, compiled into the loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import BOARD, NETWORK, policy_names
from azsim.arbitration.hooks import holds, hook_of, on_finish, on_grant
from azsim.arbitration.policy import HELD, HOLD_FS
from azsim.devices.regulation import policy_of
from azsim.soc.environment import DeviceEnvironment, TimedEvent
from azsim.soc.memory import BurstMemory
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_END, L_REQUEST, L_START
from azsim.soc.npu import tile_work
from tests.arbitration.cases import BOARD_CLIENTS, REGULATED, memory_with
from tests.soc.cases import device, schedule


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(policy_names()),
    requests=st.lists(
        st.tuples(st.integers(0, 4), st.integers(1, 9000), st.booleans(), st.integers(0, 10**7)),
        min_size=1,
        max_size=40,
    ),
)
def test_any_policy_moves_every_byte_once_and_littles_law_holds(name, requests):
    env, memory = memory_with(name)
    for client, size, write, at in requests:
        memory.submit(client, size, write=write, at_ps=at)
    env.run(until=10**11)
    grants = memory.grants()
    moved = np.bincount(grants[:, L_CLIENT], weights=grants[:, L_BYTES], minlength=len(BOARD))
    asked = [sum(size for who, size, *_ in requests if who == client) for client in range(len(BOARD))]
    assert moved.tolist() == asked
    assert (grants[:, L_START] >= grants[:, L_REQUEST]).all()
    assert (grants[1:, L_START] >= grants[:-1, L_END]).all()
    edges = np.unique(grants[:, [L_REQUEST, L_END]])
    present = np.array([(grants[:, L_REQUEST] <= at).sum() - (grants[:, L_END] <= at).sum() for at in edges[:-1]])
    assert (present * np.diff(edges)).sum() == (grants[:, L_END] - grants[:, L_REQUEST]).sum()


@pytest.mark.parametrize("name", ["rate-regulated", "window-threshold"])
def test_a_regulated_client_beside_a_job_of_the_processor(name):
    """Nobody but the regulated client is held back: the processor is not slowed by a policy that spares it."""
    took = {}
    for arbitration in ("fixed-priority", name):
        spec = device(memory__arbitration=arbitration, **REGULATED)
        env = DeviceEnvironment()
        memory = BurstMemory(env, spec)
        done = TimedEvent(env)
        memory.submit(NETWORK, 10**6, write=True, at_ps=0)
        memory.play(tile_work(schedule("beside", 30), spec), done)
        took[arbitration] = env.run(until=done)
    assert took[name] < took["fixed-priority"]


@pytest.mark.parametrize("name", policy_names())
def test_exactly_the_holding_policies_ever_hold_a_request_back(name: str) -> None:
    policy = policy_of(device(memory__arbitration=name, **REGULATED).memory)
    table, hook = policy.table(BOARD_CLIENTS), hook_of(policy)
    for number in range(20):
        on_grant(hook, table, NETWORK, 4096, 1000 * number)
        on_finish(hook, table, NETWORK, 10**6)
    assert holds(policy) == bool(table[HELD, NETWORK] > 0 or table[HOLD_FS, NETWORK] > 0)
    others = [client for client in range(len(BOARD)) if client != NETWORK]
    assert not table[HELD : HOLD_FS + 1, others].any()
