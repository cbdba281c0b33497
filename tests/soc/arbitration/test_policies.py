"""Each policy by itself: what it does to the table that the compiled loop reads, and to the order of grants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.devices.board_spec import PrioritySpec
from azsim.devices.memory_spec import LatencyTargetSpec, PerClient, TokenBucketSpec, WindowSpec
from azsim.devices.quantities import Arbitration
from azsim.soc.arbitration import CLIENTS, CPU, MICROPHONE, NETWORK, NPU, PLAYBACK, POLICIES, policy_of
from azsim.soc.arbitration.latency_regulated import LatencyRegulated
from azsim.soc.arbitration.proportional_fair import ProportionalFair
from azsim.soc.arbitration.registry import hook_of, on_finish
from azsim.soc.arbitration.table import RANK
from azsim.soc.environment import DeviceEnvironment, Moment
from azsim.soc.memory import BurstMemory
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_END, L_REQUEST, L_START
from azsim.soc.npu import tile_work
from tests.soc.cases import device, schedule

REGULATED = {
    "memory__rate": PerClient(network=TokenBucketSpec(gbps=0.1, burst_bytes=8192)),
    "memory__latency": PerClient(network=LatencyTargetSpec(target_ns=500.0, lowest=0, highest=15, step_log2_ns=8)),
    "memory__window": PerClient(network=WindowSpec(window_us=100.0, threshold_bytes=10_000)),
}


def memory_with(arbitration: str) -> tuple[DeviceEnvironment, BurstMemory]:
    spec = device(
        memory__arbitration=arbitration,
        memory__peak_gbps=1.0,
        memory__efficiency=1.0,
        memory__frontend_latency_ns=0.0,
        **REGULATED,
    )
    env = DeviceEnvironment()
    return env, BurstMemory(env, spec, log=True)


def test_every_policy_of_a_device_file_is_registered_and_clients_are_its_priorities():
    assert set(POLICIES) == set(Arbitration.__args__)
    assert CLIENTS == PrioritySpec.__struct_fields__ == PerClient.__struct_fields__
    for name in POLICIES:
        assert policy_of(device(memory__arbitration=name)).table().shape[1] == len(CLIENTS)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(sorted(POLICIES)),
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
    moved = np.bincount(grants[:, L_CLIENT], weights=grants[:, L_BYTES], minlength=len(CLIENTS))
    asked = [sum(size for who, size, *_ in requests if who == client) for client in range(len(CLIENTS))]
    assert moved.tolist() == asked
    assert (grants[:, L_START] >= grants[:, L_REQUEST]).all()
    assert (grants[1:, L_START] >= grants[:-1, L_END]).all()
    edges = np.unique(grants[:, [L_REQUEST, L_END]])
    present = np.array([(grants[:, L_REQUEST] <= at).sum() - (grants[:, L_END] <= at).sum() for at in edges[:-1]])
    assert (present * np.diff(edges)).sum() == (grants[:, L_END] - grants[:, L_REQUEST]).sum()


def test_proportional_fair_serves_whoever_had_least():
    env, memory = memory_with("proportional-fair")
    for number in range(8):
        memory.submit(CPU, 4096, write=False, at_ps=number)
    for number in range(3):
        memory.submit(NETWORK, 4096, write=False, at_ps=100 + number)
    env.run(until=10**9)
    order = memory.grants()[:, L_CLIENT].tolist()
    assert order == [CPU, NETWORK, CPU, NETWORK, CPU, NETWORK, CPU, CPU, CPU, CPU, CPU]


def test_scores_are_weighted_means_of_bytes_granted():
    env, memory = memory_with("proportional-fair")
    memory.submit(CPU, 4096, write=False, at_ps=0)
    memory.submit(NPU, 1024, write=False, at_ps=10**7)
    env.run(until=10**8)
    assert memory.traffic()["npu"].read_bytes == 1024
    ranks = memory.arrays()[1][RANK] / 1024
    assert ranks[[CPU, NPU, PLAYBACK]].tolist() == [1024.0, 512.0, 0.0]
    assert ProportionalFair(1.0).table()[RANK].tolist() == [0] * len(CLIENTS)


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


def test_a_window_ends_with_the_chunk_that_reaches_the_threshold():
    env, memory = memory_with("window-threshold")
    memory.submit(NETWORK, 7 * 4096, write=True, at_ps=0)
    env.run(until=10**9)
    windows = memory.grants()[:, L_START] // 100_000_000
    assert windows.tolist() == [0, 0, 0, 1, 1, 1, 2]


def test_latency_above_the_target_raises_priority_and_below_lowers_it():
    target = LatencyTargetSpec(target_ns=1000.0, lowest=3, highest=10, step_log2_ns=8)
    table = LatencyRegulated(device().priority, PerClient(network=target)).table()
    rank = table[RANK]
    assert 15 - rank[NETWORK] == 4
    hook = hook_of(LatencyRegulated(device().priority, PerClient()))
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


@pytest.mark.parametrize("name", ["rate-regulated", "window-threshold"])
def test_a_regulated_client_beside_a_job_of_the_processor(name):
    """Nobody but the regulated client is held back: the processor is not slowed by a policy that spares it."""
    took = {}
    for arbitration in ("fixed-priority", name):
        spec = device(memory__arbitration=arbitration, **REGULATED)
        env = DeviceEnvironment()
        memory = BurstMemory(env, spec)
        done = Moment(env)
        memory.submit(NETWORK, 10**6, write=True, at_ps=0)
        memory.play(tile_work(schedule("beside", 30), spec), done)
        took[arbitration] = env.run(until=done)
    assert took[name] < took["fixed-priority"]
