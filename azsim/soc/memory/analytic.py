"""The ``analytic`` fidelity: no grants, a request takes its own time and the mean wait that the others' load predicts.

::

    requests ──> load of each client, fading over 100 ms ──> mean wait per chunk (M/G/1 with priorities)
    a request = its chunks at bytes / (peak x efficiency), and that wait for each

A client's own chunks follow one another and do not wait for themselves: alone, the processor takes its pipeline's
time. There is no randomness and nothing collides: tails of the distribution of waits are not to be had from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import simpy

from azsim.arbitration import NPU, Client, Policy
from azsim.arbitration.policy import RANK
from azsim.chip.pipeline import DECODED, FETCHED, WRITTEN, complete_tile, transfer_start
from azsim.compiled import njit
from azsim.devices.regulation import policy_of
from azsim.devices.spec import Device
from azsim.soc.environment import NEVER, DeviceEnvironment, TimedEvent
from azsim.soc.memory import columns
from azsim.soc.memory.protocol import ClientTraffic, Rest, TileWork, clients_of, traffic_of

MEMORY_PS = 100 * 10**9
"""How long the load remembers. **Source:** `assumed`: a few steps of the recogniser."""

_FULL = 0.95
"""A load above this counts as this, so that waits stay finite. **Source:** `assumed`."""


@dataclass(slots=True)
class _Stream:
    client: int
    size_bytes: int
    write: bool
    next_ps: int
    period_ps: int


@njit(cache=True, nogil=True)
def _play(tiles, chunk_bytes, fs_per_byte, port_bytes, cycle_ticks, latency_ticks, per_ps, wait_ps, times):
    """The tile pipeline, in ticks, with ``wait_ps`` added to every chunk; returns the number of chunks."""
    chunks = np.int64(0)
    for tile in range(tiles.shape[1]):
        fetched = times[FETCHED, tile - 1] if tile > 0 else np.int64(0)
        left = tiles[columns.T_BYTES, tile]
        if left > 0:
            fetched = transfer_start(tile, tiles[columns.T_FETCH_FREES, tile], latency_ticks, times)
        while left > 0:
            size = min(left, chunk_bytes)
            port = (size + port_bytes - 1) // port_bytes * cycle_ticks
            fetched += wait_ps * per_ps + max(port, (size * fs_per_byte + 999) // 1000 * per_ps)
            left -= size
            chunks += 1
        complete_tile(
            tile, fetched, tiles[columns.T_DECODE, tile], tiles[columns.T_LANES, tile], tiles[columns.T_VECTOR, tile],
            tiles[columns.T_WRITE, tile], tiles[columns.T_WEIGHT_FREES, tile], tiles[columns.T_DEPENDS, tile], times,
        )  # fmt: skip
    return chunks


class AnalyticMemory:
    """The ``analytic`` fidelity.

    Args:
        env: the device's clock; the memory registers itself there.
        device: for the DRAM, the port of the neural processor and its clock.
        policy: one whose table does not change, ``Fifo`` or ``FixedPriority``; the device's own if None.
        brought: clients beside those of the device, that stages bring.
        log: keep a row per request.
    """

    def __init__(
        self,
        env: DeviceEnvironment,
        device: Device,
        *,
        policy: Policy | None = None,
        brought: Sequence[Client] = (),
        log: bool = False,
    ) -> None:
        self.env = env
        self.clients = clients_of(device, brought)
        env.memory = self
        self.next_completion_ps = NEVER
        self.submitted = 0
        self.job_waited_ps = 0
        memory, port = device.memory, device.chip.port
        self._fs_per_byte = round(1e6 / (memory.peak_gbps * memory.efficiency))
        self._chunk_bytes = memory.chunk_bytes
        self._frontend_ps = round(memory.frontend_latency_ns * 1000)
        beats_bytes = max(1, memory.chunk_bytes // port.bytes_per_cycle) * port.bytes_per_cycle
        clock = device.chip.clock
        self._per_ps = clock.ticks_per_ps
        latency_ticks = port.latency_cycles * clock.cycle_ticks
        pace = (beats_bytes, self._fs_per_byte, port.bytes_per_cycle, clock.cycle_ticks, latency_ticks)
        self._pace = (*pace, clock.ticks_per_ps)
        self._ranks = (policy or policy_of(device.memory)).table(self.clients)[RANK].tolist()
        self._load = [0.0] * len(self.clients)
        self._residual_ps = [0.0] * len(self.clients)
        self._seen_ps = 0
        self._served = np.zeros((len(self.clients), 6), np.int64)
        self._streams: list[_Stream] = []
        self._open: dict[simpy.Event, tuple[int, int, bool, int, int, int]] = {}
        self._work = TileWork(np.zeros((8, 0), np.int64), np.zeros((5, 0), np.int64))
        self._job_start_ps = self._job_wait_ps = 0
        self._log: list[tuple[int, ...]] | None = [] if log else None

    def submit(
        self, client: int, size_bytes: int, *, write: bool, at_ps: int, deadline_ps: int = NEVER, period_ps: int = 0
    ) -> None:
        """Request ``size_bytes`` from ``at_ps`` on; see `MemoryModel`."""
        self.submitted += 1
        if period_ps:
            self._streams.append(_Stream(client, size_bytes, write, at_ps, period_ps))
            return
        end_ps = self._move(client, size_bytes, write, at_ps + self._frontend_ps, 0, self.submitted)
        if end_ps > deadline_ps:
            self._served[client, columns.LATE] += 1

    def request(
        self,
        client: int,
        size_bytes: int,
        *,
        write: bool,
        at_ps: int,
        duration_ps: int = 0,
        done: TimedEvent | None = None,
    ) -> TimedEvent:
        """The same, and say when it is over."""
        self.submitted += 1
        done = done or TimedEvent(self.env)
        start_ps = at_ps if duration_ps else at_ps + self._frontend_ps
        done.occur_at(self._move(client, size_bytes, write, start_ps, duration_ps, self.submitted))
        self._open[done] = (client, size_bytes, write, start_ps, duration_ps, self._wait_ps(client))
        done.callbacks.append(self._close)
        return done

    def _close(self, done: simpy.Event) -> None:
        self._open.pop(done, None)

    def play(self, work: TileWork, done: TimedEvent) -> None:
        """Start a job of the neural processor now; ``work.times`` is filled in at once."""
        now = self.env.now
        self._catch_up(now)
        wait_ps = self._wait_ps(NPU)
        chunks = _play(work.tiles, *self._pace, wait_ps, work.times)
        self._work, self._job_start_ps, self._job_wait_ps = work, now, wait_ps
        self.job_waited_ps = chunks * wait_ps
        end_ps = now + self._whole_ps(work.times[WRITTEN, -1]) if work.times.shape[1] else now
        size_bytes = int(work.tiles[columns.T_BYTES].sum())
        if size_bytes:
            self._count(NPU, size_bytes, False, now, end_ps, chunks, wait_ps, 0)
        done.occur_at(end_ps)

    def _whole_ps(self, ticks: int) -> int:
        return -(-int(ticks) // self._per_ps)

    def withdraw(self, done: TimedEvent) -> Rest:
        """Take back what is left of the request that ``done`` stands for; see `MemoryModel`."""
        now = self.env.now
        client, size_bytes, write, start_ps, duration_ps, wait_ps = self._open.pop(done)
        chunks, end_ps = -(-size_bytes // self._chunk_bytes), done.value
        granted = 0 if now < start_ps else min(chunks, (now - start_ps) * chunks // max(1, end_ps - start_ps) + 1)
        if granted == chunks:
            return Rest(0, end_ps - now, 0)
        left_bytes = size_bytes - granted * self._chunk_bytes
        self._uncount(client, left_bytes, write, chunks - granted, wait_ps)
        due_ps = start_ps + (end_ps - start_ps) * granted // chunks
        return Rest(left_bytes, max(0, due_ps - now), duration_ps - duration_ps * granted // chunks)

    def cut(self, ends: np.ndarray, done: TimedEvent) -> int:
        """End the processor's job early; see `MemoryModel`."""
        now, work = self.env.now, self._work
        tiles, times = work.tiles, work.times
        frees, before = tiles[columns.T_FETCH_FREES], np.concatenate([np.zeros(1, np.int64), times[FETCHED, :-1]])
        fetch = np.maximum(before, self._pace[4] + np.where(frees >= 0, times[DECODED, frees], 0))
        ticks = (now - self._job_start_ps) * self._per_ps
        computed = int(((tiles[columns.T_BYTES] == 0) | (fetch < ticks)).cumprod().sum())
        count = int(ends[ends.searchsorted(work.begun(computed, ticks))])
        if count < tiles.shape[1]:
            left = tiles[columns.T_BYTES, count:]
            chunks = int((-(-left // self._pace[0])).sum())
            wait_ps = self._job_wait_ps
            self._uncount(NPU, int(left.sum()), False, chunks, wait_ps)
            self.job_waited_ps -= chunks * wait_ps
            self._work = TileWork(tiles[:, :count].copy(), times[:, :count].copy())
            written_ps = self._whole_ps(times[WRITTEN, count - 1]) if count else 0
            done.occur_at(max(now, self._job_start_ps + written_ps))
        return count

    def played(self) -> TileWork:
        """The latest job of the neural processor as it was played; see `MemoryModel`."""
        return self._work

    def advance(self, until_ps: int) -> None:
        """Nothing is left to do: every end is known when it is asked for."""

    def merge(self, merge_ps: int) -> None:
        """The log has a row per request, whatever the gap."""

    def traffic(self) -> Mapping[str, ClientTraffic]:
        """Client -> what it asked for so far."""
        self._catch_up(self.env.now)
        return traffic_of(self.clients, self._served)

    def busy_ps(self, until_ps: int) -> int:
        """Time that moving all bytes takes, at most ``until_ps``."""
        self._catch_up(self.env.now)
        return min(until_ps, int(self._served[:, columns.BUSY_PS].sum()))

    def grants(self) -> np.ndarray:
        """The log, int64 ``(rows, 7)``, a row per request or job, in order of start; see `MemoryModel`."""
        self._catch_up(self.env.now)
        rows = sorted(self._log or [], key=lambda row: row[columns.L_START])
        return np.array(rows, np.int64).reshape(len(rows), 7)

    def _move(self, client: int, size_bytes: int, write: bool, at_ps: int, duration_ps: int, number: int) -> int:
        """Count a request; returns its end."""
        self._catch_up(self.env.now)
        wait_ps, chunks = self._wait_ps(client), -(-size_bytes // self._chunk_bytes)
        service_ps = -(-size_bytes * self._fs_per_byte // 1000)
        end_ps = at_ps + chunks * wait_ps + max(duration_ps, service_ps)
        self._count(client, size_bytes, write, at_ps, end_ps, chunks, wait_ps, number)
        return end_ps

    def _count(
        self, client: int, size_bytes: int, write: bool, at_ps: int, end_ps: int, chunks: int, wait_ps: int, number: int
    ) -> None:
        service_ps = -(-size_bytes * self._fs_per_byte // 1000)
        served = self._served[client]
        served[columns.WRITE_BYTES if write else columns.READ_BYTES] += size_bytes
        served[columns.BUSY_PS] += service_ps
        served[columns.WAITING_PS] += chunks * wait_ps
        served[columns.GRANTS] += chunks
        self._load[client] += service_ps / MEMORY_PS
        self._residual_ps[client] += service_ps * (service_ps / chunks) / (2 * MEMORY_PS)
        if self._log is not None:
            self._log.append((client, int(write), at_ps, at_ps + wait_ps, end_ps, size_bytes, number))

    def _uncount(self, client: int, size_bytes: int, write: bool, chunks: int, wait_ps: int) -> None:
        """Take back what a request or job will not move after all; the load that it stood for fades."""
        served = self._served[client]
        served[columns.WRITE_BYTES if write else columns.READ_BYTES] -= size_bytes
        served[columns.BUSY_PS] -= -(-size_bytes * self._fs_per_byte // 1000)
        served[columns.WAITING_PS] -= chunks * wait_ps
        served[columns.GRANTS] -= chunks
        if self._log is not None:
            now = self.env.now
            self._log.append((client, int(write), now, now, now, -size_bytes, 0))

    def _catch_up(self, now_ps: int) -> None:
        """Let the load fade, and count what periodic streams asked for meanwhile."""
        while self._streams:
            stream = min(self._streams, key=lambda each: each.next_ps)
            if stream.next_ps >= now_ps:
                break
            self._fade(stream.next_ps)
            at_ps = stream.next_ps + self._frontend_ps
            chunks, wait_ps = -(-stream.size_bytes // self._chunk_bytes), self._wait_ps(stream.client)
            self._count(stream.client, stream.size_bytes, stream.write, at_ps, at_ps, chunks, wait_ps, 0)
            stream.next_ps += stream.period_ps
        self._fade(now_ps)

    def _fade(self, now_ps: int) -> None:
        if now_ps > self._seen_ps:
            keep = math.exp((self._seen_ps - now_ps) / MEMORY_PS)
            self._load = [keep * load for load in self._load]
            self._residual_ps = [keep * residual for residual in self._residual_ps]
            self._seen_ps = now_ps

    def _wait_ps(self, client: int) -> int:
        """Mean wait of a chunk for the chunks of others, by Cobham's formula."""
        rank = self._ranks[client]
        others = [other for other in range(len(self.clients)) if other != client]
        above = min(_FULL, sum(self._load[other] for other in others if self._ranks[other] < rank))
        equal = sum(self._load[other] for other in others if self._ranks[other] == rank)
        residual_ps = sum(self._residual_ps[other] for other in others)
        return round(residual_ps / ((1 - above) * (1 - min(_FULL, above + equal))))
