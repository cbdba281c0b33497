"""What waking up costs: the resident weights are fetched once, and those kept decoded are decoded once.

The processor is assumed to lose its memory in sleep, so a wake-up reloads it; the alternative, retention power, is
part of ``leakage_mw`` while awake.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from azsim.chip.build import matrix_schedules
from azsim.chip.residency import ResidencyPlan
from azsim.chip.schedule import TileSchedule
from azsim.compress.network import CompressedNetwork
from azsim.devices.spec import ChipSpec

RELOAD = "reload"


def reload_schedule(chip: ChipSpec, network: CompressedNetwork, plan: ResidencyPlan) -> TileSchedule | None:
    """The job that fills the chip's memory after a wake-up; None if nothing is resident.

    Every resident tile is fetched; tiles that stay compressed take no decoder time here, and nothing is multiplied.

    **Source:** `assumed`.
    """
    parts = []
    for name, mode in plan.modes.items():
        if mode == "streamed":
            continue
        fetched = matrix_schedules(chip, network, name, "streamed")[0]
        idle = np.zeros(len(fetched), np.int64)
        kept = {} if mode == "decoded" else {"decode_cycles": idle, "decoded_bits": idle, "decoded_values": idle}
        parts.append(
            replace(
                fetched,
                lane_cycles=idle,
                lane_split=np.zeros((len(fetched), 4), np.int64),
                positions=idle,
                products=idle,
                **kept,
            )
        )
    return TileSchedule.concatenate(RELOAD, parts) if parts else None
