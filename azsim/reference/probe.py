"""A DRAM by itself, without a device around it: for its closed forms, in the tests and in the report.

::

    access ──> refresh if due ──> `dram.access` ──> start and end of the data
"""

from __future__ import annotations

import numpy as np

from azsim.devices.dram_parts import DramTimings
from azsim.soc.memory import dram
from azsim.soc.memory.bank import ACCESS_BYTES


class Probe:
    """One DRAM, asked for accesses one by one, each as early as it may be decided.

    Args:
        timings: the part.
        burst_ps: time of a column command's data.
        refreshed: refreshes fall due; without, what is measured is the banks alone.
    """

    def __init__(self, timings: DramTimings, burst_ps: int, *, refreshed: bool = False) -> None:
        self.timings, self.burst_ps = timings, burst_ps
        self.config = np.zeros(dram.CONFIG_CELLS, np.int64)
        cells = dram.config_cells(self.timings, self.burst_ps)
        self.config[-len(cells) :] = cells
        self.state = dram.initial_state(self.timings)
        self.refreshed = refreshed
        self.now = 0

    def access(self, address: int, *, write: bool = False, size: int = ACCESS_BYTES, at: int = 0) -> tuple[int, int]:
        """Start and end of the data of an access, decided not before ``at``; picoseconds."""
        self.now = max(self.now, at)
        if self.refreshed:
            dram.refresh(self.config, self.state, self.now)
        start, end, self.now = dram.access(self.config, self.state, address, size, int(write), self.now)
        return start, end

    def in_row(self, row: int, bank: int = 0) -> int:
        """Address of a row's first byte."""
        return (row * self.timings.banks + bank) * self.timings.page_bytes

    @property
    def access_ps(self) -> int:
        """Time that an access has the bus."""
        return -(-ACCESS_BYTES // self.timings.burst_bytes) * self.burst_ps
