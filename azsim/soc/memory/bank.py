"""The ``bank`` fidelity: the same loop and arbitration, but a grant is 64 bytes of a bank with an open row.

::

    chunk of a client = 64 accesses ──┐
    chunk of another                ──┴─ interleaved: rank, then open rows and the bus's direction, then age

The peak is the device file's, the efficiency comes out. What a device file calls latency is that of the whole way on an
idle memory, so the DRAM's own part of it (a row conflict) is taken off and played out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azsim.arbitration import NPU, Client, Policy
from azsim.devices.dram_parts import TIMINGS, DramTimings
from azsim.devices.spec import Device
from azsim.soc.environment import DeviceEnvironment, TimedEvent
from azsim.soc.memory import columns, dram
from azsim.soc.memory.burst import BurstMemory
from azsim.soc.memory.protocol import TileWork
from azsim.soc.memory.regions import Regions

ACCESS_BYTES = 64
"""A cache line, and what an AXI master moves in a burst. **Source:** gem5 ``SystemXBar`` and
Arm Cortex-A35/A53: cache lines of 64 bytes."""


class BankMemory(BurstMemory):
    """The ``bank`` fidelity; arguments as `BurstMemory`. The device file must name the part's timings."""

    def __init__(
        self,
        env: DeviceEnvironment,
        device: Device,
        *,
        policy: Policy | None = None,
        brought: Sequence[Client] = (),
        log: bool = False,
    ) -> None:
        super().__init__(env, device, policy=policy, brought=brought, log=log)
        self._regions = Regions(device.memory.capacity_mib << 20, self.clients)
        self._config[columns.REGION_BYTES] = self._regions.region_bytes
        self._placed: dict[int, tuple[TileWork, int, TileWork]] = {}

    def _configure(self, device: Device) -> np.ndarray:
        config = super()._configure(device)
        timings = timings_of(device)
        config[columns.FS_PER_BYTE] = round(1e6 / device.memory.peak_gbps)
        config[columns.BANKED] = 1
        config[columns.ACCESS_BYTES] = ACCESS_BYTES
        device_ps = timings.conflict_ps(0)
        config[columns.DEVICE_PS] = min(device_ps, config[columns.LATENCY_TICKS] // config[columns.TICKS_PER_PS])
        cells = dram.config_cells(timings, burst_ps(device))
        config[-len(cells) :] = cells
        return config

    def _initial_state(self, device: Device) -> np.ndarray:
        return dram.initial_state(timings_of(device))

    def play(self, work: TileWork, done: TimedEvent) -> None:
        """Start a job of the neural processor now; its weights lie where they lay the last time."""
        if id(work) not in self._placed:
            sizes = work.tiles[columns.T_BYTES]
            offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(-(-sizes // ACCESS_BYTES) * ACCESS_BYTES)])
            tiles = np.vstack([work.tiles, offsets[None, :-1]])
            address = self._regions.place(NPU, int(offsets[-1]))
            self._placed[id(work)] = (work, address, TileWork(tiles, work.times))
        _, address, placed = self._placed[id(work)]
        self._cells[columns.NPU_ADDRESS], self._cells[columns.MOVED] = address, 0
        super().play(placed, done)


def timings_of(device: Device) -> DramTimings:
    """The part that the device file names (`azsim.devices.loader` refuses ``bank`` without one)."""
    return TIMINGS[device.memory.timings]


def burst_ps(device: Device) -> int:
    """Time of one column command's data at the device's peak."""
    return round(timings_of(device).burst_bytes * 1000 / device.memory.peak_gbps)
