"""The flash in which models lie: it moves bytes to and from DRAM, one command at a time.

::

    DRAM <──read── flash        the network's port of the memory carries both, since the same DMA does
    DRAM ──write─> flash ──sync──> safe
"""

from __future__ import annotations

import math
from collections.abc import Generator

import simpy

from azsim.arbitration import NETWORK
from azsim.devices.board_spec import FlashSpec
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory import MemoryModel
from azsim.soc.network import PS_PER_MS
from azsim.soc.trace import Recorder


class Flash:
    """One command at a time; counts bytes and time.

    Attributes:
        read_bytes, written_bytes: so far.
        busy_ps: with a command.
    """

    def __init__(self, env: DeviceEnvironment, memory: MemoryModel, spec: FlashSpec, recorder: Recorder) -> None:
        self._env = env
        self._memory = memory
        self._recorder = recorder
        self._spec = spec
        self.read_bytes = self.written_bytes = self.busy_ps = 0

    def read(self, size_bytes: int) -> Generator[simpy.Event, object, None]:
        """From flash to DRAM."""
        self.read_bytes += size_bytes
        yield from self._move("read", size_bytes, self._spec.read_mb_per_s, to_dram=True)

    def write(self, size_bytes: int) -> Generator[simpy.Event, object, None]:
        """From DRAM to flash."""
        self.written_bytes += size_bytes
        yield from self._move("write", size_bytes, self._spec.write_mb_per_s, to_dram=False)

    def sync(self) -> Generator[simpy.Event, object, None]:
        """Wait until all that was written is safe."""
        yield from self._take("sync", round(self._spec.sync_ms * PS_PER_MS))

    def _move(
        self, name: str, size_bytes: int, mb_per_s: float, *, to_dram: bool
    ) -> Generator[simpy.Event, object, None]:
        if not size_bytes:
            return
        start_ps = self._env.now
        moved = self._memory.request(NETWORK, size_bytes, write=to_dram, at_ps=start_ps)
        yield from self._take(name, math.ceil(size_bytes * 1e6 / mb_per_s))
        yield moved

    def _take(self, name: str, duration_ps: int) -> Generator[simpy.Event, object, None]:
        start_ps = self._env.now
        yield self._env.timeout(duration_ps)
        self.busy_ps += duration_ps
        self._recorder.span("flash", name, start_ps, self._env.now)
