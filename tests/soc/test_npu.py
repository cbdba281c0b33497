"""The processor on the device: order, causes, contention."""

from __future__ import annotations

import pytest

from azsim.arbitration import PLAYBACK
from azsim.chip.attribution import time_by_cause
from azsim.errors import InputError
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory import BurstMemory
from azsim.soc.npu import Npu
from azsim.soc.trace import Recorder
from tests.soc.cases import device, schedule


def make(spec):
    env = DeviceEnvironment()
    memory = BurstMemory(env, spec)
    return env, memory, Npu(env, memory, spec, Recorder(True))


def test_causes_alone_are_the_chips_own():
    spec = device()
    env, _, npu = make(spec)
    one = schedule("alone", 30, resident=0.3)
    env.run(until=npu.run(one))
    env.run(until=env.now + 10**9)
    env.run(until=npu.run(one))
    alone = time_by_cause(one, spec.chip)
    assert npu.causes_ps() == {cause: 2 * spec.chip.clock.ps(cycles) for cause, cycles in alone.items()}


@pytest.mark.parametrize("clock_mhz", [3000.0, 123.456])
def test_causes_add_up_to_the_picosecond_at_any_clock(clock_mhz):
    spec = device(chip__clock_mhz=clock_mhz, chip__port__bytes_per_cycle=1)
    env, _, npu = make(spec)
    for index in range(3):
        env.run(until=npu.run(schedule("one", 20, index)))
        assert sum(npu.causes_ps().values()) == npu.busy_ps
    exact = [time_by_cause(schedule("one", 20, index), spec.chip) for index in range(3)]
    for cause, time_ps in npu.causes_ps().items():
        cycles = sum(causes[cause] for causes in exact)
        assert time_ps == pytest.approx(cycles * 1e6 / clock_mhz, abs=3)


def test_a_job_longer_than_can_be_counted_is_refused():
    spec = device(chip__clock_mhz=0.001)
    _, _, npu = make(spec)
    one = schedule("endless", 3)
    one.lane_cycles[:] = 10**10
    with pytest.raises(InputError, match=r"chip\.clock_mhz = 0\.001: one run of 'endless' would take longer than"):
        npu.run(one)


def test_jobs_run_one_after_another_in_order():
    env, _, npu = make(device())
    first, second = schedule("first", 5, 1), schedule("second", 5, 2)
    npu.run(first)
    env.run(until=npu.run(second))
    spans = npu._recorder.spans(env.now)
    assert [span.name for span in spans] == ["first", "second"]
    assert spans[0].end_ps == spans[1].start_ps
    assert npu.busy_ps == env.now


def test_contention_lengthens_a_job_and_counts_as_memory_time():
    spec = device(memory__peak_gbps=4.0)
    env, memory, npu = make(spec)
    one = schedule("contended", 30)
    for index in range(40):
        memory.submit(PLAYBACK, 4096, write=False, at_ps=index * 2 * 10**6)
    env.run(until=npu.run(one))
    quiet = {cause: spec.chip.clock.ps(cycles) for cause, cycles in time_by_cause(one, spec.chip).items()}
    causes = npu.causes_ps()
    assert sum(causes.values()) == npu.busy_ps > sum(quiet.values())
    assert causes["dram"] > quiet["dram"]


def test_results_leave_over_the_memory():
    env, memory, npu = make(device())
    one = schedule("results", 30)
    env.run(until=npu.run(one))
    env.run(until=env.now + 10**9)
    assert memory.traffic()["npu"].write_bytes == one.output_bytes.sum() > 0


def test_an_empty_schedule_takes_no_time():
    env, _, npu = make(device())
    env.run(until=npu.run(schedule("empty", 0)))
    assert env.now == 0
