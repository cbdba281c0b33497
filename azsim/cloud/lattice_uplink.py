"""The device's lattice on its way up, once it has its own words, and the cloud's words on their way back.

::

    recogniser ──own words──> lattice ──radio──> server reranks ──radio──> words
                     └── taken if nothing has come after `network.hybrid_wait_ms`, or there is no link
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import simpy

from azsim.arbitration import NETWORK
from azsim.cloud.connection import half_round_trip_ps, opened
from azsim.cloud.traffic import LatticeTraffic, request_headers_bytes
from azsim.soc.device import DeviceSimulation
from azsim.soc.network import PS_PER_MS


class LatticeUplink:
    """One lattice and its answer.

    Args:
        simulation: of the device.
        traffic: what goes up and comes down.
        rng: of the round trips.

    Attributes:
        answered: happens when the cloud's words are on the device.
    """

    def __init__(self, simulation: DeviceSimulation, traffic: LatticeTraffic, rng: np.random.Generator) -> None:
        self._simulation = simulation
        self._traffic = traffic
        self._rng = rng
        self.answered = simulation.env.event()

    def open(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: open the connection while the user speaks, so that nobody waits for it later."""
        yield from opened(self._simulation, self._rng)

    def ask(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: send the lattice, and wait for the answer however long it takes."""
        simulation, env = self._simulation, self._simulation.env
        self._move(request_headers_bytes(simulation.device.network), up=True)
        sent_ps = self._move(self._traffic.message_bytes, up=True)
        replied_ps = sent_ps + half_round_trip_ps(simulation, sent_ps, self._rng)
        replied_ps += round(simulation.device.network.cloud_rerank_ms * PS_PER_MS)
        replied_ps += half_round_trip_ps(simulation, replied_ps, self._rng)
        yield env.timeout(replied_ps - env.now)
        there_ps = self._move(self._traffic.answer_bytes, up=False)
        yield env.timeout(there_ps - env.now)
        self.answered.succeed()

    def cancel(self) -> None:
        """Nobody waits any more: what has not been sent is not sent."""
        self._simulation.radio.drop_unsent(("lattice", "control"), self._simulation.env.now)

    def _move(self, payload_bytes: int, *, up: bool) -> int:
        """One write; returns when its last byte is over."""
        simulation, now = self._simulation, self._simulation.env.now
        kind = "lattice" if up else "control"
        size = simulation.radio.framed(payload_bytes)
        simulation.memory.submit(NETWORK, size, write=not up, at_ps=now)
        name = "lattice" if up else "reranked words"
        return simulation.radio.transfer(name, payload_bytes, now, up=up, kind=kind)
