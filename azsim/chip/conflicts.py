"""When reads of weights and writes of the decoder ask for more than the banks give: the lanes stall.

::

    a tile:  c cycles of the lanes, R bytes each  +  W bytes that the decoder writes meanwhile     port: P bytes a cycle
             it lasts until all of them have passed:  max(c, ceil((c R + W) / P))

Lanes, queues and broadcast stop together (one enable signal). The cycles that are lost count as ``window``: the window
is what the port delivers. While the lanes work on a tile the decoder refills as many weights as the tile has, so W is
what it actually writes, however fast it could: a faster decoder never holds the lanes up for longer.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azsim.chip.lanes import LaneCost
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.ports import port_reads

WINDOW = 1
"""Column of `LaneCost.split`."""


def with_stalls(cost: LaneCost, chip: ChipSpec, written_bytes: np.ndarray | None) -> LaneCost:
    """The lane time of each tile with its stalls; the same object if there are none.

    Args:
        cost: without stalls.
        chip: the processor.
        written_bytes: int64 ``(tiles,)``: what the decoder writes; None if the matrix is resident decoded.

    **Source:** `assumed`: lock-step stall, credit carried from cycle to cycle.
    """
    cycles = stalled_cycles(cost.cycles, chip, written_bytes)
    if cycles is cost.cycles:
        return cost
    split = cost.split.copy()
    split[..., WINDOW] += cycles - cost.cycles
    return replace(cost, cycles=cycles, split=np.ascontiguousarray(split))


def stalled_cycles(cycles: np.ndarray, chip: ChipSpec, written_bytes: np.ndarray | None) -> np.ndarray:
    """Cycles of tiles, int64, with their stalls; the same array on a chip that is refused if its port is too narrow."""
    sram = chip.sram
    if sram.on_conflict == "refuse":
        return cycles
    passed = cycles * port_reads(chip)
    if written_bytes is not None and sram.ports == 1:
        passed = passed + written_bytes
    stalled = np.where(cycles > 0, np.maximum(cycles, -(-passed // sram.port_bytes_per_cycle)), 0)
    return cycles if np.array_equal(stalled, cycles) else stalled
