"""The cores: wake-up, queueing, priority, busy time."""

from __future__ import annotations

from azsim.soc.cpu import MUSIC_PRIORITY, Cpu
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory import BurstMemory
from azsim.soc.trace import Recorder
from tests.soc.cases import device

WAKE_PS = 60 * 10**6


def make(cores: int, bytes_per_kcycle: float = 0.0):
    spec = device(cpu__cores=cores, cpu__clock_mhz=1000.0, cpu__memory_bytes_per_kcycle=bytes_per_kcycle)
    env = DeviceEnvironment()
    recorder = Recorder(True)
    memory = BurstMemory(env, spec)
    return env, memory, Cpu(env, memory, spec.cpu, recorder), recorder


def test_an_idle_core_wakes_up_and_a_busy_one_goes_on():
    env, _, cpu, recorder = make(1)
    cpu.run("first", 1000)
    env.run(until=cpu.run("second", 2000))
    spans = recorder.spans(env.now)
    assert [(span.name, span.end_ps - span.start_ps) for span in spans] == [
        ("first", WAKE_PS + 10**6),
        ("second", 2 * 10**6),
    ]
    assert cpu.busy_ps() == env.now


def test_music_goes_before_speech_and_equals_go_by_age():
    env, _, cpu, recorder = make(1)
    for name in ("running", "speech 1", "speech 2"):
        last = cpu.run(name, 1000)
    cpu.run("music", 1000, priority=MUSIC_PRIORITY)
    env.run(until=last)
    assert [span.name for span in recorder.spans(env.now)] == ["running", "music", "speech 1", "speech 2"]


def test_cores_work_side_by_side():
    env, _, cpu, _ = make(2)
    cpu.run("one", 1000)
    env.run(until=cpu.run("two", 1000))
    assert env.now == WAKE_PS + 10**6
    assert cpu.busy_ps() == 2 * env.now


def test_traffic_does_not_lengthen_a_job_on_a_quiet_memory():
    env, memory, cpu, _ = make(1, bytes_per_kcycle=64.0)
    env.run(until=cpu.run("job", 100_000))
    assert env.now == WAKE_PS + 100 * 10**6
    assert memory.traffic()["cpu"].read_bytes == 6400
