"""The client with the highest priority first; a chunk that is under way is not interrupted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.devices.board_spec import PrioritySpec
from azsim.soc.arbitration.table import ranked_table


@dataclass(frozen=True, slots=True)
class FixedPriority:
    """By the priorities of the device file, equals by age.

    **Source:** AXI QoS, 16 levels; gem5 ``src/mem/qos/QoSPolicy.py`` (``QoSFixedPriorityPolicy``).
    """

    priority: PrioritySpec

    def table(self) -> np.ndarray:
        """Rank: 15 less the priority."""
        return ranked_table(self.priority)
