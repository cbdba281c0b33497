"""Traffic of clients beside the device's own, put into its memory: each from a drawn part of its period on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azsim.arbitration import Client, Traffic
from azsim.soc.device import DeviceSimulation


def brought_clients(traffic: Sequence[Traffic]) -> list[Client]:
    """The clients that are not of the board."""
    return [one.client for one in traffic if isinstance(one.client, Client)]


def start_traffic(simulation: DeviceSimulation, traffic: Sequence[Traffic], seed: int) -> None:
    """Submit every traffic from now on.

    Args:
        simulation: at time 0, made with `brought_clients` of this traffic.
        traffic: in an order that decides the draws.
        seed: of the part of the period at which each begins.
    """
    rows = {client.name: row for row, client in enumerate(simulation.memory.clients)}
    for index, one in enumerate(traffic):
        row = rows[one.client.name] if isinstance(one.client, Client) else one.client
        first_ps = int(np.random.default_rng([seed, 5, index]).integers(one.period_ps))
        simulation.memory.submit(row, one.size_bytes, write=one.write, at_ps=first_ps, period_ps=one.period_ps)
