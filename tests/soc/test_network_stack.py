"""The network stack: what is there at the start is free, what comes costs a core, in order."""

from __future__ import annotations

from azsim.soc.cpu import Cores
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory import BurstMemory
from azsim.soc.network_stack import NetworkStack
from azsim.soc.trace import Recorder
from tests.soc.cases import device

WAKE_PS = 60 * 10**6


class Every:
    """A packet every millisecond; the first two are there at time 0."""

    def __init__(self, env: DeviceEnvironment) -> None:
        self._env = env

    def packet(self, number: int) -> tuple[int, int]:
        return 340, 1024

    def wait_for(self, number: int):
        lead_ps = (number - 1) * 10**9 - self._env.now
        return self._env.timeout(lead_ps) if lead_ps > 0 else None


def test_packets_that_come_cost_a_core_and_are_handed_on_after_it():
    spec = device(cpu__clock_mhz=1000.0, cpu__memory_bytes_per_kcycle=0.0)
    env = DeviceEnvironment()
    cpu = Cores(env, BurstMemory(env, spec), spec.cpu, Recorder(False))
    stack = NetworkStack(env, cpu, Every(env), 25_000)
    env.process(stack.run())
    taken: list[int] = []

    def reader():
        for number in range(5):
            ready = stack.wait_for(number)
            if ready is not None:
                yield ready
            taken.append(env.now)

    yield_to = env.process(reader())
    env.run(until=yield_to)
    cost_ps = WAKE_PS + 25 * 10**6
    assert taken == [0, 0, 10**9 + cost_ps, 2 * 10**9 + cost_ps, 3 * 10**9 + cost_ps]
    assert cpu.busy_ps() == 3 * cost_ps
