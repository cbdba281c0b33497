"""The ``bank`` fidelity on the device: bytes, a lone request's latency, priorities between accesses, open rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import BOARD, CPU, MICROPHONE, NETWORK, NPU, PLAYBACK
from azsim.arbitration.policies.fifo import Fifo
from azsim.chip.pipeline import run_pipeline
from azsim.devices.dram_parts import TIMINGS
from azsim.soc.environment import NEVER, DeviceEnvironment, TimedEvent
from azsim.soc.memory import BankMemory, columns
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_END, L_NUMBER, L_REQUEST, L_START
from azsim.soc.memory.loop import advance
from azsim.soc.npu import tile_work
from tests.soc.cases import device, schedule

BANKED = device(memory__fidelity="bank", memory__frontend_latency_ns=0.0)
PART = TIMINGS["lpddr4-3200-x16"]


def test_a_lone_request_takes_the_parts_latency():
    env = DeviceEnvironment()
    memory = BankMemory(env, BANKED, log=True)
    for number in range(3):
        memory.submit(PLAYBACK, 32, write=False, at_ps=number * 10**6)
    env.run(until=10**8)
    grants = memory.grants()
    assert (grants[:, L_END] - grants[:, L_REQUEST]).tolist() == [
        PART.closed_ps(5000)
    ] * 3  # another page, another bank


@settings(max_examples=30, deadline=None)
@given(
    requests=st.lists(
        st.tuples(st.integers(0, 4), st.integers(1, 20000), st.booleans(), st.integers(0, 10**7)), max_size=40
    ),
    tiles=st.integers(0, 10),
)
def test_what_is_asked_for_is_moved_and_the_bus_carries_one_thing_at_a_time(requests, tiles):
    env = DeviceEnvironment()
    memory = BankMemory(env, BANKED, log=True)
    for client, size, write, at in requests:
        memory.submit(client, size, write=write, at_ps=at)
    done, work = TimedEvent(env), tile_work(schedule("beside", tiles), BANKED)
    memory.play(work, done)
    env.run(until=10**9)
    assert done.processed
    traffic = memory.traffic()
    fetched = int(work.tiles[0].sum())
    for client, name in enumerate(BOARD):
        own = sum(size for who, size, *_ in requests if who == client)
        assert traffic[name].read_bytes + traffic[name].write_bytes == own + (fetched if name == "npu" else 0)
        assert traffic[name].write_bytes == sum(size for who, size, write, _ in requests if who == client and write)
    grants = memory.grants()
    assert (grants[1:, L_START] >= grants[:-1, L_END]).all()
    assert grants[:, L_BYTES].sum() == sum(size for _, size, *_ in requests) + fetched


@settings(max_examples=25, deadline=None)
@given(tiles=st.integers(1, 30), seed=st.integers(0, 1000))
def test_alone_the_processor_is_held_up_by_refreshes_alone(tiles, seed):
    one = schedule("alone", tiles, seed)
    env = DeviceEnvironment()
    memory = BankMemory(env, BANKED)
    done = TimedEvent(env)
    memory.play(tile_work(one, BANKED), done)
    env.run(until=done)
    pipeline_ps = BANKED.chip.clock.ps(run_pipeline(one, BANKED.chip).total_cycles)
    refreshes = env.now // PART.refi_ps + 1
    each_ps = PART.rtp_ps + PART.rp_all_ps + PART.rfc_ps + PART.rcd_ps
    # a tile waits for its row at most as long as its port's latency allows for, so only refreshes show
    assert pipeline_ps <= env.now <= pipeline_ps + refreshes * each_ps + memory.job_waited_ps
    assert memory.job_waited_ps <= refreshes * each_ps


def test_a_higher_priority_gets_in_between_the_accesses_of_a_chunk():
    env = DeviceEnvironment()
    memory = BankMemory(env, BANKED, log=True)
    memory.submit(NETWORK, 4096, write=False, at_ps=0)
    memory.submit(PLAYBACK, 64, write=False, at_ps=200_000)
    env.run(until=10**8)
    assert memory.grants()[:, L_CLIENT].tolist() == [NETWORK, PLAYBACK, NETWORK]


@pytest.mark.parametrize(("conflict_asked", "order"), [(2_900_000, [3, 2]), (500_000, [2, 3])])
def test_an_open_row_goes_before_an_older_conflict_until_that_has_waited_too_long(conflict_asked, order):
    config, table, state, served = BankMemory(DeviceEnvironment(), BANKED, policy=Fifo()).arrays()
    row_bytes = PART.page_bytes * PART.banks
    queue = np.zeros((8, columns.REQUEST_COLUMNS), np.int64)
    for row, (asked, address) in enumerate(((0, 0), (conflict_asked, row_bytes), (2_900_001, 64))):
        queue[row, [columns.R_CLIENT, columns.R_LEFT, columns.R_BYTES, columns.R_CHUNKS]] = NETWORK, 64, 64, 1
        queue[row, [columns.R_REQUEST, columns.R_AGE, columns.R_KEY]] = asked, row + 1, -1
        queue[row, [columns.R_ADDRESS, columns.R_DEADLINE]] = address, NEVER
    log, completions = np.zeros((8, 7), np.int64), np.zeros((9, 2), np.int64)
    nothing = np.zeros((9, 0), np.int64), np.zeros((5, 0), np.int64)
    later = queue[1:3].copy()
    state[columns.PENDING] = 1
    advance(10**6, NPU, config, table, state, queue, served, *nothing, completions, log)
    queue[:2] = later
    state[columns.PENDING], state[columns.DRAM_FREE] = 2, 3_000_000
    advance(10**9, NPU, config, table, state, queue, served, *nothing, completions, log)
    assert log[1:3, L_NUMBER].tolist() == order


def test_row_hits_serve_faster_than_scattered_lines():
    took = {}
    for client in (NETWORK, CPU):
        env = DeviceEnvironment()
        memory = BankMemory(env, BANKED)
        done = memory.request(client, 1 << 18, write=False, at_ps=0)
        took[client] = env.run(until=done)
    assert took[NETWORK] < took[CPU]


@pytest.mark.parametrize("part", ["lpddr4-3200-x16", "lpddr3-1600-x32"])
def test_two_streams_together_reach_most_of_the_ceiling(part):
    spec = device(memory__fidelity="bank", memory__timings=part, memory__frontend_latency_ns=0.0)
    env = DeviceEnvironment()
    memory = BankMemory(env, spec)
    done = [memory.request(client, 1 << 22, write=False, at_ps=0) for client in (NETWORK, PLAYBACK, MICROPHONE)]
    env.run(until=env.all_of(done))
    gbps = 3 * (1 << 22) * 1000 / env.now
    ceiling = TIMINGS[part].refresh_ceiling() * spec.memory.peak_gbps
    assert 0.9 * ceiling < gbps <= ceiling * 1.005
    assert np.isclose(memory.busy_ps(env.now), 3 * (1 << 22) * 1000 / spec.memory.peak_gbps, rtol=1e-6)
