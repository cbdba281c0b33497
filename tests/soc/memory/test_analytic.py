"""The ``analytic`` fidelity: the chip's own time alone, bytes, waits as the formulas say, and taking work back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import CPU, MICROPHONE, NETWORK, PLAYBACK
from azsim.chip.pipeline import run_pipeline
from azsim.reference.queueing import Arrivals, priority_waits
from azsim.soc.environment import DeviceEnvironment, TimedEvent
from azsim.soc.memory import AnalyticMemory
from azsim.soc.npu import tile_work
from tests.soc.cases import device, schedule

UNIT = device(
    memory__fidelity="analytic", memory__peak_gbps=1.0, memory__efficiency=1.0, memory__frontend_latency_ns=0.0
)


@settings(max_examples=40, deadline=None)
@given(
    tiles=st.integers(0, 40),
    seed=st.integers(0, 10**6),
    resident=st.sampled_from([0.0, 0.3, 1.0]),
    port_bytes=st.sampled_from([1, 3, 7, 8]),
    chunk=st.sampled_from([64, 192, 4096]),
    clock=st.sampled_from([400.0, 333.3, 123.456, 700.7, 3000.0]),
)
def test_alone_the_processor_takes_its_own_pipeline_time(tiles, seed, resident, port_bytes, chunk, clock):
    if clock * port_bytes > 5600:  # the memory would pace the port
        port_bytes = 1
    spec = device(chip__clock_mhz=clock, chip__port__bytes_per_cycle=port_bytes, memory__chunk_bytes=chunk)
    one = schedule("any", tiles, seed, resident)
    env = DeviceEnvironment()
    memory = AnalyticMemory(env, spec)
    env.run(until=1 + seed)
    start, done = env.now, TimedEvent(env)
    memory.play(tile_work(one, spec), done)
    env.run(until=done)
    assert env.now - start == spec.chip.clock.ps(run_pipeline(one, spec.chip).total_cycles)
    assert memory.traffic()["npu"].read_bytes == one.fetch_bytes.sum()
    assert memory.job_waited_ps == 0


def test_waits_follow_cobham_once_the_load_is_known():
    env = DeviceEnvironment()
    coarse = device(
        memory__peak_gbps=1.0, memory__efficiency=1.0, memory__chunk_bytes=32768, memory__frontend_latency_ns=0.0
    )
    memory = AnalyticMemory(env, coarse)
    for client, load in ((PLAYBACK, 0.3), (NETWORK, 0.4)):
        memory.submit(client, 32000, write=False, at_ps=0, period_ps=round(32_000_000 / load))
    env.run(until=6 * 10**11)
    before = memory.traffic()["cpu"].waiting_ps
    memory.submit(CPU, 32000, write=False, at_ps=env.now)
    waited = (memory.traffic()["cpu"].waiting_ps - before) / 32e6
    classes = [Arrivals(0.3, 1, 1), Arrivals(0.0, 1, 1), Arrivals(0.4, 1, 1)]
    assert waited == pytest.approx(priority_waits(classes)[1], rel=0.01)


def test_bytes_and_lateness_are_counted():
    env = DeviceEnvironment()
    memory = AnalyticMemory(env, UNIT, log=True)
    memory.submit(MICROPHONE, 320, write=True, at_ps=10**9, period_ps=10**9)
    memory.submit(PLAYBACK, 4096, write=False, at_ps=0, deadline_ps=4_000_000)
    done = memory.request(CPU, 8192, write=False, at_ps=0, duration_ps=10**8)
    assert env.run(until=done) >= 10**8
    env.run(until=10**10)
    traffic = memory.traffic()
    assert traffic["microphone"].write_bytes == 9 * 320
    assert (traffic["playback"].read_bytes, traffic["playback"].late) == (4096, 1)
    assert traffic["cpu"].read_bytes == 8192
    assert memory.grants()[:, 5].sum() == 9 * 320 + 4096 + 8192
    assert memory.busy_ps(env.now) == (9 * 320 + 4096 + 8192) * 1000


def test_what_is_withdrawn_is_not_counted_and_can_be_asked_for_again():
    env = DeviceEnvironment()
    memory = AnalyticMemory(env, UNIT)
    done = memory.request(CPU, 10 * 4096, write=False, at_ps=0, duration_ps=10**9)
    env.run(until=250_000_000)
    rest = memory.withdraw(done)
    assert (rest.size_bytes, rest.duration_ps, rest.lead_ps) == (7 * 4096, 700_000_000, 50_000_000)
    assert memory.traffic()["cpu"].read_bytes == 3 * 4096
    late = memory.request(CPU, rest.size_bytes, write=False, at_ps=env.now + rest.lead_ps, duration_ps=rest.duration_ps)
    assert env.run(until=late) == 10**9
    assert memory.traffic()["cpu"].read_bytes == 10 * 4096


def test_a_cut_job_counts_the_tiles_it_played():
    spec = device()
    one = schedule("long", 30, seed=4)
    env = DeviceEnvironment()
    memory = AnalyticMemory(env, spec)
    work = tile_work(one, spec)
    memory.play(work, TimedEvent(env))
    env.run(until=int(work.times[4, 9]))
    early = TimedEvent(env)
    count = memory.cut(np.arange(31), early)
    assert 10 <= count < 30
    assert env.run(until=early) == work.times[4, count - 1]
    assert memory.played().times.shape[1] == count
    assert memory.traffic()["npu"].read_bytes == one.fetch_bytes[:count].sum()
