"""Memory: the chip's own time without company, bytes, waiting, queueing theory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import BOARD, CPU, MICROPHONE, NPU, PLAYBACK
from azsim.arbitration.policies.fifo import Fifo
from azsim.chip.pipeline import run_pipeline
from azsim.soc.environment import DeviceEnvironment, TimedEvent
from azsim.soc.memory import BurstMemory
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_END, L_NUMBER, L_REQUEST, L_START
from azsim.soc.npu import tile_work
from tests.soc.cases import device, schedule


def play(memory: BurstMemory, env: DeviceEnvironment, one, spec) -> int:
    """Run a schedule now; returns how long it took."""
    start, done = env.now, TimedEvent(env)
    memory.play(tile_work(one, spec), done)
    env.run(until=done)
    return env.now - start


@settings(max_examples=60, deadline=None)
@given(
    tiles=st.integers(0, 40),
    seed=st.integers(0, 10**6),
    resident=st.sampled_from([0.0, 0.3, 1.0]),
    fetch_buffers=st.integers(1, 4),
    weight_buffers=st.integers(1, 4),
    port_bytes=st.sampled_from([1, 3, 7, 8]),
    latency=st.integers(0, 200),
    chunk=st.sampled_from([64, 192, 4096]),
    clock=st.sampled_from([400.0, 333.3, 123.456, 700.7, 3000.0]),
)
def test_alone_the_processor_takes_its_own_pipeline_time(
    tiles, seed, resident, fetch_buffers, weight_buffers, port_bytes, latency, chunk, clock
):
    """To the picosecond, whatever the clock: a cycle of 3 GHz is a third of a nanosecond."""
    if clock * port_bytes > 5600:  # the memory would pace the port
        port_bytes = 1
    spec = device(
        chip__clock_mhz=clock,
        chip__sram__fetch_buffers=fetch_buffers,
        chip__sram__weight_buffers=weight_buffers,
        chip__port__bytes_per_cycle=port_bytes,
        chip__port__latency_cycles=latency,
        memory__chunk_bytes=chunk,
    )
    one = schedule("any", tiles, seed, resident)
    env = DeviceEnvironment()
    memory = BurstMemory(env, spec)
    env.run(until=1 + seed * 997)
    assert play(memory, env, one, spec) == spec.chip.clock.ps(run_pipeline(one, spec.chip).total_cycles)
    assert memory.traffic()["npu"].read_bytes == one.fetch_bytes.sum()
    assert memory.job_waited_ps == 0


def test_slow_memory_paces_the_port():
    spec = device(memory__peak_gbps=1.0, memory__efficiency=1.0, chip__port__latency_cycles=0)
    one = schedule("slow", 1, seed=3)
    env = DeviceEnvironment()
    took = play(BurstMemory(env, spec), env, one, spec)
    rest = (one.decode_cycles + one.lane_cycles + one.vector_cycles).sum() + -(-int(one.output_bytes[0]) // 8)
    assert took == int(one.fetch_bytes[0]) * 1000 + spec.chip.clock.ps(rest)


@settings(max_examples=30, deadline=None)
@given(
    requests=st.lists(
        st.tuples(
            st.sampled_from([PLAYBACK, MICROPHONE, CPU]), st.integers(1, 20000), st.booleans(), st.integers(0, 10**7)
        ),
        max_size=80,
    ),
    fifo=st.booleans(),
)
def test_what_is_asked_for_is_moved_and_no_two_grants_overlap(requests, fifo):
    spec = device(memory__arbitration="fifo" if fifo else "fixed-priority")
    env = DeviceEnvironment()
    memory = BurstMemory(env, spec, log=True)
    for client, size, write, at in requests:
        memory.submit(client, size, write=write, at_ps=at)
    done = TimedEvent(env)
    memory.play(tile_work(schedule("beside", 10), spec), done)
    env.run(until=10**9)
    for client in (PLAYBACK, MICROPHONE, CPU):
        moved = memory.traffic()[BOARD[client]]
        assert moved.read_bytes == sum(size for who, size, write, _ in requests if who == client and not write)
        assert moved.write_bytes == sum(size for who, size, write, _ in requests if who == client and write)
    grants = memory.grants()
    assert (grants[:, L_START] >= grants[:, L_REQUEST]).all()
    assert (grants[1:, L_START] >= grants[:-1, L_END]).all()
    assert (grants[:, L_END] - grants[:, L_START]).sum() == memory.busy_ps(10**9) <= 10**9
    waiting = sum(moved.waiting_ps for moved in memory.traffic().values())
    assert (grants[:, L_START] - grants[:, L_REQUEST]).sum() == waiting
    assert (grants[grants[:, L_CLIENT] == NPU][:, L_BYTES]).sum() == memory.traffic()["npu"].read_bytes


def order_of_service(arbitration: str) -> list[str]:
    spec = device(memory__arbitration=arbitration, memory__frontend_latency_ns=0.0)
    env = DeviceEnvironment()
    memory = BurstMemory(env, spec, log=True)
    memory.submit(MICROPHONE, 64, write=True, at_ps=0)
    for client, at in ((CPU, 1), (NPU, 2), (MICROPHONE, 3), (PLAYBACK, 4)):
        memory.submit(client, 64, write=False, at_ps=at)
    env.run(until=10**6)
    return [BOARD[client] for client in memory.grants()[1:, L_CLIENT]]


def test_fifo_serves_by_age_and_fixed_priority_by_rank():
    assert order_of_service("fifo") == ["cpu", "npu", "microphone", "playback"]
    assert order_of_service("fixed-priority") == ["playback", "microphone", "npu", "cpu"]


def test_a_client_with_work_of_its_own_is_held_up_by_waiting_alone():
    spec = device(memory__arbitration="fixed-priority", memory__frontend_latency_ns=0.0)
    env = DeviceEnvironment()
    memory = BurstMemory(env, spec)
    quiet = memory.request(CPU, 8192, write=False, at_ps=0, duration_ps=10**7)
    assert env.run(until=quiet) == 10**7
    start = env.now
    memory.submit(PLAYBACK, 4096, write=False, at_ps=start)
    held_up = memory.request(CPU, 8192, write=False, at_ps=start, duration_ps=10**7)
    env.run(until=held_up)
    assert env.now - start == 10**7 + memory.traffic()["cpu"].waiting_ps
    assert memory.traffic()["cpu"].waiting_ps > 0


def test_a_periodic_request_comes_back_for_ever():
    env = DeviceEnvironment()
    memory = BurstMemory(env, device(), log=True)
    memory.submit(MICROPHONE, 320, write=True, at_ps=1000, period_ps=10**6)
    env.run(until=10 * 10**6)
    assert np.diff(memory.grants()[:, L_REQUEST]).tolist() == [10**6] * 9


def test_the_log_names_the_request_of_every_grant():
    env = DeviceEnvironment()
    memory = BurstMemory(env, device(), log=True)
    for size in (9000, 100, 5000):
        memory.submit(CPU, size, write=False, at_ps=memory.submitted)
    env.run(until=10**8)
    grants = memory.grants()
    moved = np.bincount(grants[:, L_NUMBER], weights=grants[:, L_BYTES])
    assert moved.tolist() == [0, 9000, 100, 5000]
    assert memory.submitted == 3


def test_a_late_end_is_counted():
    env = DeviceEnvironment()
    memory = BurstMemory(env, device())
    memory.submit(PLAYBACK, 4096, write=False, at_ps=0, deadline_ps=10)
    memory.submit(PLAYBACK, 4096, write=False, at_ps=10**7, deadline_ps=2 * 10**7)
    env.run(until=10**8)
    assert memory.traffic()["playback"].late == 1


def queue_of(arrivals_ps: np.ndarray, spec) -> tuple[np.ndarray, BurstMemory]:
    env = DeviceEnvironment()
    memory = BurstMemory(env, spec, policy=Fifo(), log=True)

    def source():
        for at in arrivals_ps.tolist():
            yield env.timeout(at - env.now)
            memory.submit(CPU, 1000, write=False, at_ps=at)

    env.process(source())
    env.run(until=int(arrivals_ps[-1]) + 10**9)
    return memory.grants(), memory


MICROSECOND = device(memory__peak_gbps=1.0, memory__efficiency=1.0, memory__frontend_latency_ns=0.0)
"""1000 bytes take a microsecond."""


@pytest.mark.parametrize(("gap_ns", "waits"), [(1000, False), (1001, False), (999, True)])
def test_deterministic_arrivals_wait_only_above_full_load(gap_ns, waits):
    grants, _ = queue_of(np.arange(1, 50, dtype=np.int64) * gap_ns * 1000, MICROSECOND)
    assert ((grants[:, L_START] > grants[:, L_REQUEST]).any()) == waits


def test_poisson_arrivals_wait_as_an_m_d_1_queue():
    load, service_ps, count = 0.6, 10**6, 12000
    rng = np.random.default_rng(7)
    arrivals = np.cumsum(rng.exponential(service_ps / load, count)).astype(np.int64)
    _grants, memory = queue_of(arrivals, MICROSECOND)
    waiting = memory.traffic()["cpu"].waiting_ps / count
    assert waiting == pytest.approx(load * service_ps / (2 * (1 - load)), rel=0.08)


def test_littles_law():
    rng = np.random.default_rng(8)
    arrivals = np.cumsum(rng.exponential(1.3e6, 500)).astype(np.int64)
    grants, _ = queue_of(arrivals, MICROSECOND)
    start, end = int(arrivals[0]), int(grants[-1, L_END])
    edges = np.sort(np.concatenate([grants[:, L_REQUEST], grants[:, L_END]]))
    present = [(grants[:, L_REQUEST] <= at).sum() - (grants[:, L_END] <= at).sum() for at in edges[:-1].tolist()]
    in_system = float((np.array(present) * np.diff(edges)).sum()) / (end - start)
    rate = len(grants) / (end - start)
    time_in_system = float((grants[:, L_END] - grants[:, L_REQUEST]).mean())
    assert in_system == pytest.approx(rate * time_in_system, rel=1e-12)


def test_the_queue_and_the_log_grow():
    env = DeviceEnvironment()
    memory = BurstMemory(env, device(), log=True)
    for index in range(300):
        memory.submit(CPU, 64 * 4096, write=False, at_ps=index)
    env.run(until=10**12)
    assert len(memory.grants()) == 300 * 64
    assert memory.traffic()["cpu"].read_bytes == 300 * 64 * 4096
