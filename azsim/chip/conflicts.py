"""When reads of weights and writes of the decoder ask for more than the banks give: the lanes stall.

::

    lanes want D bytes per cycle, the port gives P < D:   step 1 ends at ceil(D/P), step 2 at ceil(2D/P), ...

Lanes, queues and broadcast stop together (one enable signal), so a tile takes ``ceil(cycles * D / P)``. The cycles
that are lost count as ``window``: the window is what the port delivers. While tiles are decoded the decoder's share
of the port is reserved, whether it writes in that very cycle or not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azsim.chip.lanes import LaneCost
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.ports import port_demand

WINDOW = 1
"""Column of `LaneCost.split`."""


def with_stalls(cost: LaneCost, chip: ChipSpec, decodes: bool) -> LaneCost:
    """The lane time of each tile with its stalls; the same object if the port gives enough.

    Args:
        cost: without stalls.
        chip: the processor.
        decodes: the matrix passes through the decoder (it is not resident decoded).

    **Source:** `assumed`: lock-step stall, credit carried from cycle to cycle.
    """
    asked, given = port_demand(chip, decodes), chip.sram.port_bytes_per_cycle
    if asked <= given:
        return cost
    cycles = -(-cost.cycles * asked // given)
    split = cost.split.copy()
    split[..., WINDOW] += cycles - cost.cycles
    return replace(cost, cycles=cycles, split=np.ascontiguousarray(split))
