"""The three roofs over a schedule: cycles that DRAM, decoder and multipliers need for it at the very least.

::

    cycles of a run >= bytes / port width,  the decoder's time for all tiles,  effectual products / multipliers
"""

from __future__ import annotations

from collections.abc import Mapping

from azsim.chip.schedule import TileSchedule
from azsim.devices.chip_spec import ChipSpec


def roof_cycles(schedule: TileSchedule, chip: ChipSpec) -> Mapping[str, int]:
    """Stage -> least cycles, whatever the order of the tiles: ``dram``, ``decoder``, ``multipliers``."""
    return {
        "dram": -(-int(schedule.fetch_bytes.sum()) // chip.port.bytes_per_cycle),
        "decoder": int(schedule.decode_cycles.sum()),
        "multipliers": -(-int(schedule.products.sum()) // products_per_cycle(chip)),
    }


def products_per_cycle(chip: ChipSpec) -> int:
    """Most products that the compute engine does in a cycle."""
    if chip.systolic is not None:
        return chip.systolic.rows * chip.systolic.columns
    lanes = chip.lanes
    return lanes.lanes * lanes.multipliers_per_lane * (2 if lanes.subword else 1)
