"""The cores: wake-up, queueing, priorities, preemption, busy time; response-time analysis and queueing theory agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.arbitration import PLAYBACK
from azsim.devices.cpu_spec import BackgroundSpec, CpuPrioritySpec, CpuTaskSpec
from azsim.soc.cpu import Cores
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory import BurstMemory
from azsim.soc.trace import Recorder
from tests.soc.cases import device

WAKE_PS = 60 * 10**6
KCYCLE_PS = 10**6
TASKS = ("background", "network", "search", "echo", "music_decode")
"""From the lowest priority to the highest."""


def make(cores: int, bytes_per_kcycle: float = 0.0, wake_us: float = 60.0, switch_us: float = 0.0, **changes):
    spec = device(
        cpu__cores=cores,
        cpu__clock_mhz=1000.0,
        cpu__memory_bytes_per_kcycle=bytes_per_kcycle,
        cpu__wake_us=wake_us,
        cpu__context_switch_us=switch_us,
        **changes,
    )
    env = DeviceEnvironment()
    recorder = Recorder(True)
    memory = BurstMemory(env, spec)
    return env, memory, Cores(env, memory, spec.cpu, recorder), recorder


def test_an_idle_core_wakes_up_and_a_busy_one_goes_on():
    env, _, cpu, recorder = make(1)
    cpu.run("first", 1000)
    env.run(until=cpu.run("second", 2000))
    spans = recorder.spans(env.now)
    assert [(span.name, span.end_ps - span.start_ps) for span in spans] == [
        ("first", WAKE_PS + KCYCLE_PS),
        ("second", 2 * KCYCLE_PS),
    ]
    assert cpu.busy_ps() == env.now


def test_music_goes_before_speech_and_equals_go_by_age():
    env, _, cpu, recorder = make(1, wake_us=0.0)
    for name in ("running", "speech 1", "speech 2"):
        last = cpu.run(name, 1000)
    env.run(until=KCYCLE_PS // 4)
    cpu.run("music", 1000, task="music_decode")
    env.run(until=last)
    names = [span.name for span in recorder.spans(env.now)]
    assert names == ["running", "music", "running", "speech 1", "speech 2"]
    assert cpu.preemptions == 1
    assert env.now == 4 * KCYCLE_PS


def test_preemption_takes_the_youngest_of_the_lowest_priority():
    env, _, cpu, recorder = make(3, wake_us=0.0)
    for name, task in (("echo", "echo"), ("old", "search"), ("young", "search")):
        cpu.run(name, 1000, task=task)
    env.run(until=1)
    env.run(until=cpu.run("music", 10, task="music_decode"))
    assert [span.track for span in recorder.spans(env.now) if span.name == "music"] == ["cpu2"]


def test_a_switch_costs_both_ways_and_a_core_that_wakes_goes_on_waking():
    env, _, cpu, _ = make(1, switch_us=5.0)
    low = cpu.run("low", 1000)
    env.run(until=WAKE_PS // 2)
    env.run(until=cpu.run("high", 1000, task="echo"))
    assert env.now == WAKE_PS + KCYCLE_PS
    env.run(until=low)
    assert env.now == WAKE_PS + 2 * KCYCLE_PS
    low = cpu.run("low", 1000)
    env.run(until=env.now + WAKE_PS + 1000)
    began_ps = env.now
    env.run(until=cpu.run("high", 1000, task="echo"))
    assert env.now == began_ps + 5 * 10**6 + KCYCLE_PS
    env.run(until=low)
    assert env.now == began_ps + 2 * 5 * 10**6 + 2 * KCYCLE_PS - 1000


def test_cores_work_side_by_side():
    env, _, cpu, _ = make(2)
    cpu.run("one", 1000)
    env.run(until=cpu.run("two", 1000))
    assert env.now == WAKE_PS + KCYCLE_PS
    assert cpu.busy_ps() == 2 * env.now


def test_traffic_does_not_lengthen_a_job_on_a_quiet_memory():
    env, memory, cpu, _ = make(1, bytes_per_kcycle=64.0)
    env.run(until=cpu.run("job", 100_000))
    assert env.now == WAKE_PS + 100 * KCYCLE_PS
    assert memory.traffic()["cpu"].read_bytes == 6400


jobs = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12), st.sampled_from(TASKS)), min_size=1, max_size=14)


def plain_schedule(chosen, cores: int) -> list[int]:
    """Ends of jobs under preemptive fixed priorities, unit by unit of time: the rule as it is said, nothing more."""
    left = [length for _, length, _ in chosen]
    ends, now = [0] * len(chosen), 0
    while any(left):
        ready = [index for index, (at, _, _) in enumerate(chosen) if at <= now and left[index]]
        ready.sort(key=lambda index: (-TASKS.index(chosen[index][2]), chosen[index][0], index))
        now += 1
        for index in ready[:cores]:
            left[index] -= 1
            if not left[index]:
                ends[index] = now
    return ends


@settings(max_examples=60, deadline=None)
@given(jobs, st.integers(1, 3))
def test_every_job_ends_when_the_rule_stepped_unit_by_unit_says(chosen, cores):
    chosen = sorted(chosen, key=lambda one: one[0])
    env, _, cpu, _ = make(cores, wake_us=0.0)
    ends = [0] * len(chosen)

    def release(index, at, length, task):
        yield env.timeout(at * KCYCLE_PS)
        yield cpu.run(str(index), length * 1000, task=task)
        ends[index] = env.now // KCYCLE_PS

    for index, (at, length, task) in enumerate(chosen):
        env.process(release(index, at, length, task))
    env.run()
    assert ends == plain_schedule(chosen, cores)


@settings(max_examples=30, deadline=None)
@given(jobs)
def test_preemption_loses_neither_cycles_nor_bytes(chosen):
    env, memory, cpu, _ = make(1, bytes_per_kcycle=64.0, wake_us=0.0)
    for at, length, task in chosen:

        def release(at=at, cycles=length * 50_000, task=task):
            yield env.timeout(at * 20 * KCYCLE_PS)
            yield cpu.run("job", cycles, task=task)

        env.process(release())
    memory.submit(PLAYBACK, 10_000, write=False, at_ps=0, period_ps=40 * KCYCLE_PS)
    total_ps = sum(length for _, length, _ in chosen) * 50 * KCYCLE_PS
    env.run(until=4 * total_ps + 10**9)
    assert memory.traffic()["cpu"].read_bytes == sum(length * 50_000 * 64 // 1000 for _, length, _ in chosen)
    waited_ps = memory.traffic()["cpu"].waiting_ps
    in_flight_ps = cpu.preemptions * 2 * 700_000  # a chunk on its way is waited for, or the next one waits for it
    assert total_ps <= cpu.busy_ps() <= total_ps + waited_ps + in_flight_ps


def test_periodic_tasks_respond_as_response_time_analysis_says():
    """Joseph and Pandya 1986: R = C + sum over higher priorities of ceil(R / T_j) C_j, from the critical instant."""
    tasks = [("music_decode", 50, 12), ("echo", 80, 20), ("search", 150, 40), ("background", 400, 60)]
    env, _, cpu, _ = make(1, wake_us=0.0)
    worst = dict.fromkeys([task for task, _, _ in tasks], 0)

    def again(task, period, cost):
        while True:
            released_ps = env.now
            job = cpu.run(task, cost * 1000, task=task)
            job.callbacks.append(lambda _, at=released_ps: worst.update({task: max(worst[task], env.now - at)}))
            yield env.timeout(period * KCYCLE_PS)

    for task in tasks:
        env.process(again(*task))
    env.run(until=2400 * KCYCLE_PS)  # the least common multiple of the periods
    for index, (task, _, cost) in enumerate(tasks):
        response = 0
        while True:
            found = cost + sum(math.ceil(response / period) * more for _, period, more in tasks[:index])
            if found == response:
                break
            response = found
        assert worst[task] == response * KCYCLE_PS


def test_preemptive_resume_agrees_with_its_closed_form():
    """T_k = E[S_k] / (1 - s_{k-1}) + sum_{i<=k} lambda_i E[S_i^2] / 2 / ((1 - s_{k-1}) (1 - s_k)): 1.214 and 9.000.

    A job that lost its age at a preemption would give 10.36 for the lower class.
    """
    rng = np.random.default_rng(3)
    env, _, cpu, _ = make(1, wake_us=0.0)
    responses: dict[str, list[int]] = {"echo": [], "search": []}

    def arrivals(task, rate, cost, count):
        for gap in rng.exponential(KCYCLE_PS / rate, count).round().astype(np.int64).tolist():
            yield env.timeout(gap)
            job = cpu.run(task, cost * 1000, task=task)
            job.callbacks.append(lambda _, at=env.now: responses[task].append(env.now - at))

    count = 20_000
    env.process(arrivals("echo", 0.3, 1, 2 * count))
    env.process(arrivals("search", 0.15, 3, count))
    env.run()
    for task, expected in (("echo", 1.0 + 0.15 / 0.7), ("search", 3 / 0.7 + 0.825 / 0.7 / 0.25)):
        batches = np.array(responses[task], float).reshape(40, -1).mean(axis=1) / KCYCLE_PS
        assert abs(batches.mean() - expected) < 3 * batches.std(ddof=1) / math.sqrt(40)


@pytest.mark.parametrize("arrivals", ["periodic", "poisson"])
def test_background_load_takes_its_share(arrivals):
    env, _, cpu, _ = make(1, wake_us=0.0)
    load = BackgroundSpec(name="housekeeping", every_ms=1.0, cycles=300_000, arrivals=arrivals)
    env.process(cpu.background(load, np.random.default_rng(1)))
    env.run(until=2 * 10**12)
    assert cpu.busy_ps() / env.now == pytest.approx(0.3, rel=0.001 if arrivals == "periodic" else 0.1)


def test_the_governor_follows_the_load_and_no_job_loses_cycles():
    env, _, cpu, _ = make(1, wake_us=0.0, cpu__governor="on-demand")
    env.run(until=cpu.run("long", 60_000_000))
    mhz = (1000.0, 1300.0)  # fully busy: 1.25 x 1000 asks for the fastest point after the first 10 ms
    expected_ps = 10 * 10**9 + (60_000_000 - 10_000_000) / mhz[1] * 1e6
    assert env.now == pytest.approx(expected_ps, rel=1e-4)
    env.run(until=env.now + 40 * 10**9)
    began_ps = env.now
    env.run(until=cpu.run("short", 598_000))
    assert env.now - began_ps == pytest.approx(10**9, rel=1e-4)  # the slowest point after an idle period


def test_faster_points_cost_more_energy_for_the_same_cycles():
    found = []
    for mhz in (598.0, 1196.0):
        spec = device(cpu__clock_mhz=mhz, cpu__wake_us=0.0, cpu__memory_bytes_per_kcycle=0.0)
        env = DeviceEnvironment()
        cpu = Cores(env, BurstMemory(env, spec), spec.cpu, Recorder(False))
        env.run(until=cpu.run("job", 598_000))
        found.append(cpu.energy_uw_ps(env.now) - 3 * 8000 * env.now)
    slow, fast = found
    assert slow == pytest.approx(90 * 598 * 1.15**2 * 10**9, rel=1e-4)
    assert fast == pytest.approx(90 * 1196 * 1.25**2 * 0.5e9, rel=1e-4)


def test_priorities_are_the_device_files():
    tasks = {"search": CpuTaskSpec(8000, priority=2)}
    env, _, cpu, recorder = make(1, wake_us=0.0, cpu__priority=CpuPrioritySpec(music_decode=1), cpu__tasks=tasks)
    music = cpu.run("music", 1000, task="music_decode")
    cpu.run("search", 1000, task="search")
    env.run(until=music)
    assert [span.name for span in recorder.spans(env.now)] == ["search", "music"]
