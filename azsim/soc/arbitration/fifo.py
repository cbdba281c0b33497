"""First come, first served, whoever it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.soc.arbitration.table import empty_table


@dataclass(frozen=True, slots=True)
class Fifo:
    """Strictly in the order of request."""

    def table(self) -> np.ndarray:
        """All clients have one rank."""
        return empty_table()
