"""The client with the highest priority first; a chunk that is under way is not interrupted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azsim.arbitration.clients import Client
from azsim.arbitration.policy import Policy, policy, ranked_table


@policy("fixed-priority")
class FixedPriority(Policy, frozen=True):
    """By the clients' priorities, equals by age.

    **Source:** AXI QoS, 16 levels; gem5 ``src/mem/qos/QoSPolicy.py`` (``QoSFixedPriorityPolicy``).
    """

    def table(self, clients: Sequence[Client]) -> np.ndarray:
        """Rank: 15 less the priority."""
        return ranked_table(clients)
