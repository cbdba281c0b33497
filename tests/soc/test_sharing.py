"""Several networks on one processor: against a reference that replays the rule with another pipeline model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.chip.interrupted import rest
from azsim.chip.schedule import TileSchedule
from azsim.devices.spec import NpuSharingSpec
from azsim.reference.pipeline_machine import PipelineMachine
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory import BurstMemory
from azsim.soc.npu import Npu
from azsim.soc.trace import Recorder
from tests.soc.cases import device, schedule

FAST = {"memory__peak_gbps": 1000.0, "memory__efficiency": 1.0}
"""A memory that never waits for itself, so that a chunk moves as fast as the port."""


def quiet(name: str, tiles: int, seed: int, resident: float) -> TileSchedule:
    """Work without results that leave the chip, whose writes would meet the next job's fetches; tables to refetch."""
    made = schedule(name, tiles, seed, resident)
    tables = np.where(made.fetch_bytes > 0, np.random.default_rng(seed).integers(0, 3, tiles) * 32, 0)
    return replace(made, output_bytes=np.zeros(tiles, np.int64), resume_bytes=tables)


def leaves(made: TileSchedule, policy: str) -> list[int]:
    """Tile counts at which a job may be left."""
    tiles = range(1, len(made))
    inner = [count for count in tiles if policy == "tile" or made.vector_cycles[count - 1] > 0]
    return [0, *inner, len(made)] if policy != "never" else [len(made)]


def begun(made: TileSchedule, chip, cycles: float) -> int:
    """Tiles up to the last that was at work before ``cycles``."""
    times = PipelineMachine(made, chip).times
    count = 0
    for tile in range(len(made)):
        if made.fetch_bytes[tile] > 0:
            start = times[0, tile] - -(-int(made.fetch_bytes[tile]) // chip.port.bytes_per_cycle)
        elif made.decode_cycles[tile] > 0:
            start = times[1, tile] - made.decode_cycles[tile]
        else:
            start = times[2, tile] - made.lane_cycles[tile]
        if start < cycles:
            count = tile + 1
    return count


def first_tiles(made: TileSchedule, count: int) -> TileSchedule:
    columns = {name: getattr(made, name)[:count] for name in TileSchedule.__slots__ if name != "name"}
    return TileSchedule(made.name, **columns)


def reference(jobs, policy: str, chip) -> dict[str, float]:
    """Ends of jobs (release cycle, priority, schedule), by the rule as it is said."""
    waiting, ends, now = [(-priority, at, index, made) for index, (at, priority, made) in enumerate(jobs)], {}, 0
    while waiting:
        ready = [job for job in waiting if job[1] <= now]
        if not ready:
            now = min(job[1] for job in waiting)
            continue
        job = min(ready, key=lambda job: job[:3])
        waiting.remove(job)
        rank, at, index, made = job
        end = now + (PipelineMachine(made, chip).times[4, -1] if len(made) else 0)
        breaks = [other[1] for other in waiting if other[0] < rank and now <= other[1] < end]
        if policy == "never" or not breaks:
            now, ends[made.name] = end, end
            continue
        count = next(count for count in leaves(made, policy) if count >= begun(made, chip, min(breaks) - now))
        if count == len(made):
            now, ends[made.name] = end, end
            continue
        played = first_tiles(made, count)
        now = max(min(breaks), now + (PipelineMachine(played, chip).times[4, -1] if count else 0))
        waiting.append((rank, at, index, rest(made, count)))
    return ends


arrivals = st.lists(
    st.tuples(st.integers(0, 9000), st.integers(1, 3), st.integers(1, 9), st.sampled_from([0.0, 0.4, 1.0])),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one[0],
)


@settings(max_examples=40, deadline=None)
@given(arrivals, st.sampled_from(["never", "layer", "tile"]), st.integers(0, 99))
def test_ends_are_those_of_the_rule_replayed_on_another_pipeline_model(chosen, policy, seed):
    spec = device(npu_sharing=NpuSharingSpec(preemption=policy), **FAST)
    jobs = [
        (at, priority, quiet(str(index), tiles, seed + index, resident))
        for index, (at, priority, tiles, resident) in enumerate(sorted(chosen))
    ]
    env = DeviceEnvironment()
    npu = Npu(env, BurstMemory(env, spec), spec, Recorder(True))
    ends: dict[str, float] = {}

    def release(at, priority, made):
        yield env.timeout(spec.chip.clock.ps(at))
        yield npu.run(made, priority=priority)
        ends[made.name] = env.now / spec.chip.clock.ps(1)

    for job in jobs:
        env.process(release(*job))
    env.run()
    assert ends == reference(jobs, policy, spec.chip)
    assert sum(npu.causes_ps().values()) == npu.busy_ps


@pytest.mark.parametrize("policy", ["layer", "tile"])
def test_interruption_loses_no_work_and_repeats_only_tables(policy):
    spec = device(npu_sharing=NpuSharingSpec(preemption=policy))
    env = DeviceEnvironment()
    memory = BurstMemory(env, spec)
    npu = Npu(env, memory, spec, Recorder(True))
    long = replace(schedule("long", 120, 1), resume_bytes=np.full(120, 64))
    short = schedule("short", 3, 2)
    done = npu.run(long, priority=10)
    for _ in range(5):
        env.run(until=env.now + 25 * 10**6)
        npu.run(short, priority=20)
    env.run(until=done)
    env.run(until=env.now + 10**9)
    assert npu.interruptions >= (3 if policy == "tile" else 1)
    total = {
        name: sum(int(getattr(made, name).sum()) * times for made, times in npu.runs())
        for name in ("products", "decoded_bits", "output_bytes", "vector_ops", "fetch_bytes")
    }
    for name, value in total.items():
        alone = int(getattr(long, name).sum()) + 5 * int(getattr(short, name).sum())
        assert alone <= value <= alone + (64 * npu.interruptions if name == "fetch_bytes" else 0)
    assert memory.traffic()["npu"].read_bytes == total["fetch_bytes"]
    assert memory.traffic()["npu"].write_bytes == total["output_bytes"]
    assert sum(npu.causes_ps().values()) == npu.busy_ps


def test_the_finer_the_policy_the_shorter_a_high_priority_waits_and_the_longer_all_take():
    waits_ps, totals_ps = [], []
    for policy in ("tile", "layer", "never"):
        spec = device(npu_sharing=NpuSharingSpec(preemption=policy))
        env = DeviceEnvironment()
        npu = Npu(env, BurstMemory(env, spec), spec, Recorder(True))
        long = npu.run(schedule("long", 60, 3), priority=10)
        env.run(until=30 * 10**6)
        short = npu.run(schedule("short", 3, 2), priority=20)
        env.run(until=short)
        waits_ps.append(env.now)
        if not long.processed:
            env.run(until=long)
        totals_ps.append(env.now)
    assert waits_ps[0] < waits_ps[1] < waits_ps[2] == totals_ps[2]
    assert totals_ps[2] < totals_ps[0]


def test_priorities_hold_without_preemption_and_equals_go_by_age():
    spec = device()
    env = DeviceEnvironment()
    recorder = Recorder(True)
    npu = Npu(env, BurstMemory(env, spec), spec, recorder)
    for name, priority in (("running", 0), ("a", 1), ("b", 2), ("c", 2)):
        npu.run(schedule(name, 3, 1), priority=priority)
    env.run()
    assert [span.name for span in recorder.spans(env.now)] == ["running", "b", "c", "a"]
