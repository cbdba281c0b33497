"""Echo cancellation as a load on the cores: while music plays, every block of the microphone's sound goes through it.

::

    microphone ──10 ms──> core: cancel a block ──> front end, which waits for the block that holds its last sample
"""

from __future__ import annotations

from collections.abc import Generator

import simpy

from azsim.devices.spec import Device
from azsim.soc.cpu import Cores
from azsim.soc.environment import DeviceEnvironment, TimedEvent
from azsim.speech.echo_canceller import BLOCK_MS, flops_per_block

BLOCK_PS = BLOCK_MS * 10**9


class CancellerTask:
    """Blocks one after another, each when its sound is there and the one before it is done."""

    def __init__(self, env: DeviceEnvironment, cpu: Cores, device: Device) -> None:
        self._env = env
        self._cpu = cpu
        self._cycles = round(flops_per_block(device.audio.echo_tail_ms) / device.cpu.flops_per_cycle)
        self._done = 0
        self._waiting: dict[int, TimedEvent] = {}

    def clean_from(self, time_ps: int) -> simpy.Event | None:
        """An event for when the sound up to ``time_ps`` is free of echo, None if it is now."""
        blocks = -(-time_ps // BLOCK_PS)
        if blocks <= self._done:
            return None
        return self._waiting.setdefault(blocks, TimedEvent(self._env))

    def run(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: block after block, for ever."""
        while True:
            due_ps = (self._done + 1) * BLOCK_PS
            if self._env.now < due_ps:
                yield self._env.timeout(due_ps - self._env.now)
            yield self._cpu.run("echo", self._cycles, task="echo")
            self._done += 1
            waiter = self._waiting.pop(self._done, None)
            if waiter is not None:
                waiter.occur()
