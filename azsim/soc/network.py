"""The wireless link and the way beyond it: one half-duplex radio, a round trip of varying length, the music stream.

::

    server ──half a round trip──> access point ──radio, first come first served──> DRAM ──> music decoder
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import simpy

from azsim.devices.spec import Device, NetworkSpec
from azsim.soc.arbitration import NETWORK
from azsim.soc.burst import NEVER
from azsim.soc.environment import DeviceEnvironment, Moment
from azsim.soc.memory import MemoryModel
from azsim.soc.music import MusicTrack
from azsim.soc.trace import Recorder

_Z99 = 2.3263478740408408
"""The 99th percentile of the standard normal distribution."""

Outage = tuple[int, int]
"""Start and end of a time without a link, picoseconds."""


def round_trips_ps(spec: NetworkSpec, count: int, rng: np.random.Generator) -> np.ndarray:
    """Log-normal round-trip times with the device's median and 99th percentile, int64 ``(count,)``.

    **Source:** the shape is `assumed`; median and percentile stand in the device file.
    """
    sigma = max(0.0, math.log(spec.rtt_p99_ms / spec.rtt_median_ms) / _Z99)
    return np.rint(spec.rtt_median_ms * 1e9 * np.exp(sigma * rng.standard_normal(count))).astype(np.int64)


class Transfer(NamedTuple):
    """One packet over the air."""

    asked_ps: int
    start_ps: int
    end_ps: int
    size_bytes: int
    up: bool


class Radio:
    """Serialises transfers in both directions, one after another, and counts bytes and air time.

    Args:
        outages: times without a link; a transfer that would begin in one begins at its end.
    """

    def __init__(self, spec: NetworkSpec, recorder: Recorder, outages: Sequence[Outage] = ()) -> None:
        self._spec = spec
        self._recorder = recorder
        self._outages = tuple(outages)
        self._free_ps = 0
        self._transfers: list[Transfer] = []

    def framed(self, payload_bytes: int) -> int:
        """Bytes over the air for a payload, transport framing included."""
        return payload_bytes + math.ceil(payload_bytes * self._spec.overhead)

    def transfer(self, name: str, payload_bytes: int, at_ps: int, *, up: bool) -> int:
        """Send or receive from ``at_ps`` on (calls in order of that time); returns when the last byte is over."""
        start = max(at_ps, self._free_ps)
        for begin, end in self._outages:
            if begin <= start < end:
                start = end
        size = self.framed(payload_bytes)
        mbps = self._spec.uplink_mbps if up else self._spec.downlink_mbps
        self._free_ps = start + math.ceil(size * 8e6 / mbps)
        self._transfers.append(Transfer(at_ps, start, self._free_ps, size, up))
        self._recorder.span("network", name, start, self._free_ps)
        return self._free_ps

    def busy_ps(self, until_ps: int) -> int:
        """Air time up to ``until_ps``."""
        return sum(min(one.end_ps, until_ps) - one.start_ps for one in self._transfers if one.start_ps < until_ps)

    def bytes_moved(self, *, up: bool, until_ps: int = NEVER) -> int:
        """Bytes of the transfers that were asked for before ``until_ps``."""
        return sum(one.size_bytes for one in self._transfers if one.up == up and one.asked_ps < until_ps)


class MusicDownload:
    """The packets of a track as they come in: paced by the server, delayed by half a round trip each, in order.

    The stream has been running: packets that were due before time 0 are there. The server is ``buffer_ms`` ahead of the
    loudspeaker, and the track starts over at its end.

    Args:
        first_packet: index of the packet that is decoded next at time 0.
        buffer_ms: how far ahead of its time a packet arrives on a network of median delay.
    """

    def __init__(
        self,
        env: DeviceEnvironment,
        memory: MemoryModel,
        radio: Radio,
        device: Device,
        track: MusicTrack,
        *,
        first_packet: int,
        buffer_ms: int,
        rng: np.random.Generator,
    ) -> None:
        self._env = env
        self._memory = memory
        self._radio = radio
        self._spec = device.network
        self._track = track
        self._packet_bytes, self._packet_samples = memoryview(track.packet_bytes), memoryview(track.packet_samples)
        self._first = first_packet
        self._buffer_ps = buffer_ms * 10**9
        self._rng = rng
        self._arrivals_ps: list[int] = []
        self._waiter: Moment | None = None

    def packet(self, number: int) -> tuple[int, int]:
        """Bytes and samples of the ``number``-th packet counted from time 0."""
        index = (self._first + number) % len(self._packet_bytes)
        return self._packet_bytes[index], self._packet_samples[index]

    def run(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: receive packet after packet."""
        half_median_ps = round(self._spec.rtt_median_ms * 1e9) // 2
        samples_before, arrival = 0, 0
        for number, delay in enumerate(self._delays_ps()):
            due = samples_before * 10**12 // self._track.sample_rate_hz - self._buffer_ps
            size, samples = self.packet(number)
            samples_before += samples
            arrival = max(arrival, due + delay - half_median_ps)
            if due < 0 and arrival <= 0:
                self._arrivals_ps.append(0)
                continue
            if arrival > self._env.now:
                yield self._env.timeout(arrival - self._env.now)
            there = self._radio.transfer("music", size, self._env.now, up=False)
            self._memory.submit(NETWORK, self._radio.framed(size), write=True, at_ps=there)
            self._arrivals_ps.append(there)
            if self._waiter is not None:
                waiter, self._waiter = self._waiter, None
                waiter.occur_at(there)

    def _delays_ps(self) -> Iterator[int]:
        """Half a round trip each, without end."""
        while True:
            yield from (round_trips_ps(self._spec, 256, self._rng) // 2).tolist()

    def wait_for(self, number: int) -> simpy.Event | None:
        """An event for when packet ``number`` is there, None if it is there now; packets are waited for in order."""
        if number < len(self._arrivals_ps):
            lead = self._arrivals_ps[number] - self._env.now
            return self._env.timeout(lead) if lead > 0 else None
        self._waiter = Moment(self._env)
        return self._waiter
