"""Opening a connection for a request, as the device file says: round trips, and bytes in both directions.

::

    ──up──> (round trips) <──down── requests can go up
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import simpy

from azsim.arbitration import NETWORK
from azsim.soc.device import DeviceSimulation
from azsim.soc.network import round_trips_ps


def opened(simulation: DeviceSimulation, rng: np.random.Generator) -> Generator[simpy.Event, object, None]:
    """SimPy process: ends when requests can go up; at once where the connection was kept open."""
    network = simulation.device.network
    handshake, radio, env = network.handshake, simulation.radio, simulation.env
    if handshake.before_request == "kept":
        return
    is_new = handshake.before_request == "new"
    up_bytes = handshake.new_up_bytes if is_new else handshake.resumed_up_bytes
    down_bytes = handshake.new_down_bytes if is_new else handshake.resumed_down_bytes
    sent_ps = radio.transfer("open connection", up_bytes, env.now, up=True, kind="control", is_framed=True)
    simulation.memory.submit(NETWORK, up_bytes, write=False, at_ps=env.now)
    trips_ps = int(round_trips_ps(network, network.retry.handshake_round_trips, rng).sum())
    answered_ps = sent_ps + round(trips_ps * radio.round_trip_scale(sent_ps))
    yield env.timeout(answered_ps - env.now)
    there_ps = radio.transfer("connection opened", down_bytes, env.now, up=False, kind="control", is_framed=True)
    simulation.memory.submit(NETWORK, down_bytes, write=True, at_ps=there_ps)
    yield env.timeout(max(0, there_ps - env.now))


def half_round_trip_ps(simulation: DeviceSimulation, at_ps: int, rng: np.random.Generator) -> int:
    """Half of a round trip that begins then."""
    trip_ps = int(round_trips_ps(simulation.device.network, 1, rng)[0])
    return round(trip_ps * simulation.radio.round_trip_scale(at_ps)) // 2

