"""What waking up costs: the resident weights are fetched once, and those kept decoded are decoded once.

The processor is assumed to lose its memory in sleep, so a wake-up reloads it; the alternative, retention power, is
part of ``leakage_mw`` while awake.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azsim.chip.lanes import LaneCost
from azsim.chip.residency import ResidencyPlan
from azsim.chip.schedule import TileSchedule
from azsim.chip.tiles import tile_schedule
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency

RELOAD = "reload"


def reload_schedule(chip: ChipSpec, network: CompressedNetwork, plan: ResidencyPlan) -> TileSchedule | None:
    """The job that fills the chip's memory after a wake-up; None if nothing is resident.

    Every resident tile is fetched; tiles that stay compressed take no decoder time here, and nothing is multiplied.

    **Source:** `assumed`.
    """
    parts = [
        reload_tiles(name, network.matrices[name], mode, chip)
        for name, mode in plan.modes.items()
        if mode != "streamed"
    ]
    return TileSchedule.concatenate(RELOAD, parts) if parts else None


def reload_tiles(name: str, matrix: CompressedMatrix, mode: Residency, chip: ChipSpec) -> TileSchedule:
    """The tiles of one matrix with nothing to multiply."""
    encoded, tiles = matrix.encoded, len(matrix.encoded.tiling)
    idle = np.zeros((1, tiles), np.int64)
    nothing = LaneCost(cycles=idle, split=np.zeros((1, tiles, 4), np.int64), positions=idle, products=idle)
    fetched = tile_schedule(name, encoded, nothing, 0, "streamed", chip, factor_bytes=matrix.factor_bytes)
    if mode == "decoded":
        return fetched
    return replace(fetched, decode_cycles=idle[0], decoded_bits=idle[0], decoded_values=idle[0])
