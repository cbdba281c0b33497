"""Incoming packets as the system hands them on: each costs an interrupt, TCP/IP and decryption on a core first.

::

    radio ──packet there──> core: network stack ──> decoder
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import count
from typing import Protocol

import simpy

from azsim.soc.cpu import Cores
from azsim.soc.environment import DeviceEnvironment, TimedEvent


class PacketSource(Protocol):
    """Where encoded packets come from."""

    def packet(self, number: int) -> tuple[int, int]:
        """Bytes and samples of a packet."""
        ...

    def wait_for(self, number: int) -> simpy.Event | None:
        """An event for when it is there, None if it is; packets are waited for in order."""
        ...


class NetworkStack:
    """A source of packets behind another one; those that are there at time 0 have been through it.

    Args:
        cycles: of a core, per packet.
    """

    def __init__(self, env: DeviceEnvironment, cpu: Cores, source: PacketSource, cycles: int) -> None:
        self._env = env
        self._cpu = cpu
        self._source = source
        self._cycles = cycles
        self._ready = 0
        self._waiter: TimedEvent | None = None

    def packet(self, number: int) -> tuple[int, int]:
        """Bytes and samples of a packet."""
        return self._source.packet(number)

    def wait_for(self, number: int) -> simpy.Event | None:
        """An event for when a packet is ready, None if it is; packets are waited for in order."""
        if number < self._ready:
            return None
        self._waiter = TimedEvent(self._env)
        return self._waiter

    def run(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: take packet after packet as they come."""
        for number in count():
            arrival = self._source.wait_for(number)
            if arrival is not None:
                yield arrival
            if arrival is not None or self._env.now:
                yield self._cpu.run("network stack", self._cycles, task="network")
            self._ready += 1
            if self._waiter is not None:
                waiter, self._waiter = self._waiter, None
                waiter.occur()
