"""The wireless link and the way beyond it: one half-duplex radio, a round trip of varying length, the music stream.

::

    server ──half a round trip──> access point ──radio, first come first served──> DRAM ──> music decoder
                                     ^ comes and goes (`azsim.soc.link`); audio only if the user's setting lets it

While there is no link the radio tries again after 200 ms, then after twice that, and so on up to a limit; what is asked
for meanwhile waits in line. An outage that lasts loses the connection; resuming it takes round trips, and bytes in both
directions. Framing is charged by the write: small ones pay most.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Generator, Iterator, Mapping
from typing import Literal, NamedTuple, get_args

import numpy as np
import simpy

from azsim.arbitration import NETWORK
from azsim.devices.board_spec import NetworkSpec
from azsim.devices.spec import Device
from azsim.errors import PrivacyError
from azsim.soc.environment import NEVER, DeviceEnvironment, TimedEvent
from azsim.soc.link import ALWAYS_UP, LinkTrace
from azsim.soc.memory import MemoryModel
from azsim.soc.music import MusicTrack
from azsim.soc.trace import Recorder

_Z99 = 2.3263478740408408
"""The 99th percentile of the standard normal distribution."""

PS_PER_MS = 10**9
WRITE_BYTES = (1 << 14) - 9
"""Payload of a frame of HTTP/2 that fills a record of TLS. **Source:** RFC 8446 5.1, RFC 9113 4.1."""

Kind = Literal["audio", "features", "lattice", "control", "music", "update"]
"""What bytes are: sound, what a front end made of it, hypotheses, answers and handshakes, music and requests for it,
model updates."""

PRIVATE: tuple[Kind, ...] = ("audio", "features")
"""What never goes up while the local-processing setting is on: speech could be heard or recognised from it."""


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
    kind: Kind


class Radio:
    """Serialises transfers in both directions, one after another, and counts bytes and air time.

    Args:
        link: when there is a link, and how fast.
        local_processing: the user's setting: nothing of the kinds in `PRIVATE` goes up.
    """

    def __init__(
        self, spec: NetworkSpec, recorder: Recorder, link: LinkTrace = ALWAYS_UP, *, local_processing: bool = False
    ) -> None:
        self._spec = spec
        self._recorder = recorder
        self._link = link
        self._local_processing = local_processing
        self._free_ps = 0
        self._transfers: list[Transfer] = []

    def framed(self, payload_bytes: int) -> int:
        """Bytes over the air for a payload, transport framing included: so much for every write."""
        if self._spec.overhead is not None:
            return payload_bytes + math.ceil(payload_bytes * self._spec.overhead)
        return payload_bytes + max(1, -(-payload_bytes // WRITE_BYTES)) * self._spec.framing_bytes

    def transfer(
        self, name: str, payload_bytes: int, at_ps: int, *, up: bool, kind: Kind, is_framed: bool = False
    ) -> int:
        """Send or receive from ``at_ps`` on (calls in order of that time); returns when the last byte is over.

        Args:
            name: in the trace.
            payload_bytes: what is moved; with ``is_framed`` its framing is in it.
            at_ps: when it is there.
            up: away from the device.
            kind: of what it is.
            is_framed: nothing is added for framing.

        Raises:
            PrivacyError: the local-processing setting is on and this would send sound.
        """
        if up and self._local_processing and kind in PRIVATE:
            raise PrivacyError(
                f"local_processing = true: {payload_bytes} bytes of {kind} ({name!r}) must not leave the device; "
                f"{', '.join(other for other in get_args(Kind) if other not in PRIVATE)} may"
            )
        size = payload_bytes if is_framed else self.framed(payload_bytes)
        start = self._wait_for_link(max(at_ps, self._free_ps))
        self._free_ps = self._send(size, start, up)
        self._transfers.append(Transfer(at_ps, start, self._free_ps, size, up, kind))
        self._recorder.span("network", name, start, self._free_ps)
        return self._free_ps

    def has_link(self, at_ps: int) -> bool:
        """There is a link at that time."""
        return self._link.at(at_ps).up

    def round_trip_scale(self, at_ps: int) -> float:
        """How much longer than the device file says a round trip is at that time."""
        rtt_ms = self._link.at(at_ps).rtt_ms
        return 1.0 if rtt_ms is None else rtt_ms / self._spec.rtt_median_ms

    def drop_unsent(self, kinds: Collection[Kind], at_ps: int) -> None:
        """Forget the transfers of these kinds that have not begun by ``at_ps``: nobody wants them any more."""
        self._transfers = [one for one in self._transfers if one.start_ps < at_ps or one.kind not in kinds]
        self._free_ps = max((one.end_ps for one in self._transfers), default=0)

    def busy_ps(self, until_ps: int) -> int:
        """Air time up to ``until_ps``, outages within a transfer included."""
        return sum(min(one.end_ps, until_ps) - one.start_ps for one in self._transfers if one.start_ps < until_ps)

    def bytes_moved(self, *, up: bool, until_ps: int = NEVER) -> int:
        """Bytes of the transfers that were asked for before ``until_ps``."""
        return sum(one.size_bytes for one in self._transfers if one.up == up and one.asked_ps < until_ps)

    def uplink_bytes_by_kind(self) -> Mapping[Kind, int]:
        """Kind -> bytes sent; every kind is there, and they add up to `bytes_moved`."""
        sent = dict.fromkeys(get_args(Kind), 0)
        for one in self._transfers:
            if one.up:
                sent[one.kind] += one.size_bytes
        return sent

    def _send(self, size_bytes: int, start_ps: int, up: bool) -> int:
        """When the last byte is over, at the rates of the link; what was over before an outage is not sent again."""
        now, bits = start_ps, 8.0 * size_bytes
        while True:
            state, until = self._link.from_then(now)
            given = state.uplink_mbps if up else state.downlink_mbps
            mbps = given if given is not None else self._spec.uplink_mbps if up else self._spec.downlink_mbps
            end = now + math.ceil(bits * 1e6 / mbps)
            if end <= until:
                return end
            bits -= (until - now) * mbps / 1e6
            now = self._wait_for_link(until)

    def _wait_for_link(self, at_ps: int) -> int:
        """The first attempt at or after ``at_ps`` that finds a link; a lost connection is opened again first."""
        retry, now = self._spec.retry, at_ps
        wait_ms, since_ps = retry.first_ms, -1
        while not self.has_link(now):
            since_ps = self._link.down_since_ps(now)
            now += wait_ms * PS_PER_MS
            wait_ms = min(2 * wait_ms, retry.longest_ms)
        if since_ps < 0 or now - since_ps < retry.lost_after_ms * PS_PER_MS:
            return now
        handshake = self._spec.handshake
        up_bytes, down_bytes = handshake.resumed_up_bytes, handshake.resumed_down_bytes
        if retry.handshake_bytes is not None:
            up_bytes, down_bytes = self.framed(retry.handshake_bytes), 0
        round_trips_ms = retry.handshake_round_trips * self._spec.rtt_median_ms * self.round_trip_scale(now)
        sent = self._send(up_bytes, now, up=True)
        self._transfers.append(Transfer(at_ps, now, sent, up_bytes, True, "control"))
        answered = self._wait_for_link(sent + round(round_trips_ms * PS_PER_MS))
        if not down_bytes:
            return answered
        opened = self._send(down_bytes, answered, up=False)
        self._transfers.append(Transfer(answered, answered, opened, down_bytes, False, "control"))
        return self._wait_for_link(opened)


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
        self._buffer_ps = buffer_ms * PS_PER_MS
        self._rng = rng
        self._arrivals_ps: list[int] = []
        self._waiter: TimedEvent | None = None

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
            delay = round(delay * self._radio.round_trip_scale(max(due, 0)))
            arrival = max(arrival, due + delay - half_median_ps)
            if due < 0 and arrival <= 0:
                self._arrivals_ps.append(0)
                continue
            if arrival > self._env.now:
                yield self._env.timeout(arrival - self._env.now)
            there = self._radio.transfer("music", size, self._env.now, up=False, kind="music")
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
        self._waiter = TimedEvent(self._env)
        return self._waiter
