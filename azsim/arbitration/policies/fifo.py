"""First come, first served, whoever it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azsim.arbitration.clients import Client
from azsim.arbitration.policy import Policy, empty_table, policy


@policy("fifo")
class Fifo(Policy, frozen=True):
    """Strictly in the order of request."""

    def table(self, clients: Sequence[Client]) -> np.ndarray:
        """All clients have one rank."""
        return empty_table(clients)
