"""The memory that everyone on the device shares: requests in, completions out, bytes and waiting counted per client.

The ``burst`` fidelity moves chunks of ``memory.chunk_bytes``. A chunk occupies the DRAM for bytes / (peak x efficiency)
from its grant; arbitration decides between the chunks that wait. What goes on inside the DRAM (rows, banks, turn-round
of the bus) is in the efficiency alone.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from azsim.chip.pipeline import DECODED, MULTIPLIED, WRITTEN
from azsim.devices.spec import Device
from azsim.soc import burst
from azsim.soc.arbitration import CLIENTS, NPU, Policy, policy_of
from azsim.soc.burst import NEVER
from azsim.soc.environment import DeviceEnvironment, Moment

_REQUEST = struct.Struct("13q")
"""A row of ``queue`` as `burst.advance` reads it."""


@dataclass(frozen=True, slots=True)
class TileWork:
    """A tile schedule as the compiled loop plays it: ``tiles`` and ``times`` as in `burst.advance`."""

    tiles: np.ndarray
    times: np.ndarray


@dataclass(frozen=True, slots=True)
class ClientTraffic:
    """What one client moved: ``late`` counts requests that ended after their deadline."""

    read_bytes: int
    write_bytes: int
    busy_ps: int
    waiting_ps: int
    grants: int
    late: int


@dataclass(frozen=True, slots=True)
class Rest:
    """What was left of a withdrawn request: ``lead_ps`` until its next chunk is due, then bytes over a duration."""

    size_bytes: int
    lead_ps: int
    duration_ps: int


class MemoryModel(Protocol):
    """What the device asks of a memory, at any fidelity."""

    @property
    def submitted(self) -> int:
        """How many requests there were, and so the number of the latest one in the log."""
        ...

    @property
    def job_waited_ps(self) -> int:
        """How long the chunks of the processor's latest job waited for other clients."""
        ...

    def submit(
        self, client: int, size_bytes: int, *, write: bool, at_ps: int, deadline_ps: int = NEVER, period_ps: int = 0
    ) -> None:
        """Request ``size_bytes`` from ``at_ps`` on and do not wait for them; with a period, again and again."""
        ...

    def request(
        self, client: int, size_bytes: int, *, write: bool, at_ps: int, duration_ps: int = 0, done: Moment | None = None
    ) -> Moment:
        """The same, and say when it is over."""
        ...

    def withdraw(self, done: Moment) -> Rest:
        """Take back what is left of the request that ``done`` stands for, and do not wait for it any more."""
        ...

    def play(self, work: TileWork, done: Moment) -> None:
        """Start a job of the neural processor now; one at a time."""
        ...

    def cut(self, ends: np.ndarray, done: Moment) -> int:
        """End the job of the neural processor early, where ``ends`` allows it; returns how many tiles it will play."""
        ...

    def played(self) -> TileWork:
        """The latest job of the neural processor as it was played: shorter than it was given if it was cut."""
        ...

    def advance(self, until_ps: int) -> None:
        """Do everything that happens before ``until_ps``."""
        ...

    def traffic(self) -> Mapping[str, ClientTraffic]:
        """Client -> what it moved so far."""
        ...


class BurstMemory:
    """The ``burst`` fidelity.

    Args:
        env: the device's clock; the memory registers itself there.
        device: for the DRAM, the port of the neural processor and its clock.
        policy: between clients; the device's own if None.
        log: keep a row per grant (for the trace and for tests).
        merge_ps: grants of one client with a gap of at most this share a row; negative: never.
    """

    def __init__(
        self,
        env: DeviceEnvironment,
        device: Device,
        *,
        policy: Policy | None = None,
        log: bool = False,
        merge_ps: int = -1,
    ) -> None:
        self.env = env
        env.memory = self
        spec, chip = device.memory, device.chip
        self._config = np.array(
            [
                round(1e6 / (spec.peak_gbps * spec.efficiency)),
                spec.chunk_bytes,
                chip.port.bytes_per_cycle,
                device.cycle_ps,
                chip.port.latency_cycles * device.cycle_ps,
                merge_ps,
                max(1, spec.chunk_bytes // chip.port.bytes_per_cycle) * chip.port.bytes_per_cycle,
            ],
            np.int64,
        )
        self._frontend_ps = round(spec.frontend_latency_ns * 1000)
        self._chunk_bytes = spec.chunk_bytes
        self._rank = (policy or policy_of(device.memory.arbitration, device.priority)).ranks(CLIENTS)
        self._state = np.zeros(10, np.int64)
        self._cells = memoryview(self._state)
        self._queue = np.zeros((64, 13), np.int64)
        self._served = np.zeros((len(CLIENTS), 6), np.int64)
        self._completions = np.zeros((65, 2), np.int64)
        self._found = memoryview(self._completions)
        self._log = np.zeros((4096 if log else 0, 7), np.int64)
        self._idle = TileWork(np.zeros((8, 0), np.int64), np.zeros((5, 0), np.int64))
        self._work = self._idle
        self._events: dict[int, Moment] = {}
        self._earliest_ps: dict[int, int] = {}
        self._age = 0
        self._next_grant_ps = NEVER
        self.next_completion_ps = NEVER

    def submit(
        self, client: int, size_bytes: int, *, write: bool, at_ps: int, deadline_ps: int = NEVER, period_ps: int = 0
    ) -> None:
        """Request ``size_bytes`` from ``at_ps`` (not before now) on and do not wait for them.

        A DMA client has one chunk outstanding; its first chunk reaches the controller ``frontend_latency_ns`` after
        ``at_ps``. With a period it asks for the same again every ``period_ps``, for ever.
        """
        self._enter(client, size_bytes, write, at_ps, 0, deadline_ps, -1, period_ps)

    def request(
        self, client: int, size_bytes: int, *, write: bool, at_ps: int, duration_ps: int = 0, done: Moment | None = None
    ) -> Moment:
        """The same as `submit`, and the returned event happens when the last chunk is there and the duration is over.

        A client with work of its own (a core) spreads ``duration_ps`` evenly over the chunks, and every wait for a
        grant adds to it; the latency without contention is part of that duration.
        """
        done = done or Moment(self.env)
        key = self._age + 1
        self._enter(client, size_bytes, write, at_ps, duration_ps, NEVER, key)
        self._expect(key, done, at_ps + duration_ps)
        return done

    def _enter(
        self,
        client: int,
        size_bytes: int,
        write: bool,
        at_ps: int,
        duration_ps: int,
        deadline_ps: int,
        key: int,
        period_ps: int = 0,
    ) -> None:
        if self._cells[burst.PENDING] == len(self._queue):
            self.advance(self.env.now)
        pending = self._cells[burst.PENDING]
        if pending == len(self._queue):
            self._queue = np.concatenate([self._queue, np.zeros_like(self._queue)])
            self._completions = np.zeros((len(self._queue) + 1, 2), np.int64)
            self._found = memoryview(self._completions)
        first_ps = at_ps if duration_ps else at_ps + self._frontend_ps
        chunks = -(-size_bytes // self._chunk_bytes)
        self._age += 1
        _REQUEST.pack_into(
            self._queue, pending * _REQUEST.size,
            client, write, size_bytes, first_ps, self._age, duration_ps, 0, chunks, key, deadline_ps,
            period_ps, size_bytes, first_ps,
        )  # fmt: skip
        self._cells[burst.PENDING] = pending + 1
        if first_ps < self._next_grant_ps:
            self._next_grant_ps = first_ps

    def _expect(self, key: int, done: Moment, earliest_ps: int) -> None:
        self._events[key] = done
        self._earliest_ps[key] = earliest_ps
        if earliest_ps < self.next_completion_ps:
            self.next_completion_ps = earliest_ps

    def play(self, work: TileWork, done: Moment) -> None:
        """Start a job of the neural processor now; ``work.times`` is filled in by the time ``done`` happens."""
        self._work = work
        self._expect(burst.NPU_KEY, done, self.env.now)
        cells = self._cells
        cells[burst.ACTIVE], cells[burst.START], cells[burst.TILE] = 1, self.env.now, 0
        cells[burst.DONE_BYTES], cells[burst.REQUEST], cells[burst.WAITED] = 0, -1, 0
        self._next_grant_ps = min(self._next_grant_ps, self.env.now - 1)

    def withdraw(self, done: Moment) -> Rest:
        """Take back what is left of the request that ``done`` stands for, and do not wait for it any more.

        A chunk that was granted stays granted; the client's own time after it that is not over is the rest's lead. If
        all chunks were granted, ``done`` will still happen: whoever waits for it must not take it for an end.
        """
        now = self.env.now
        self.advance(now)
        if done.triggered:
            return Rest(0, done.value - now, 0)
        key = next(key for key, event in self._events.items() if event is done)
        last = self._cells[burst.PENDING] - 1
        row = int(np.flatnonzero(self._queue[: last + 1, burst.R_KEY] == key)[0])
        fields = self._queue[row].tolist()
        own_ps, chunk, chunks = fields[burst.R_DURATION], fields[burst.R_CHUNK], fields[burst.R_CHUNKS]
        self._queue[row] = self._queue[last]
        self._cells[burst.PENDING] = last
        del self._events[key], self._earliest_ps[key]
        self.next_completion_ps = min(self._earliest_ps.values(), default=NEVER)
        lead_ps = max(0, fields[burst.R_REQUEST] - now)
        return Rest(fields[burst.R_LEFT], lead_ps, own_ps - own_ps * chunk // chunks)

    def cut(self, ends: np.ndarray, done: Moment) -> int:
        """End the job of the neural processor early: at the first of ``ends`` that leaves no begun tile out.

        A tile has begun if its first chunk was granted, or, without a fetch, if its decoder or lane time has begun.
        What has begun runs to its end; ``done`` then happens in place of the event given to `play`, which must not be
        taken for an end any more. If the job has to run to its own end nothing changes.

        Args:
            ends: int64, ascending tile counts; the last is all tiles.
            done: what happens at the new end, unless that is the old one.
        """
        now = self.env.now
        self.advance(now)
        cells, work = self._cells, self._work
        computed = cells[burst.TILE] if cells[burst.ACTIVE] else work.tiles.shape[1]
        begun = _begun(work, computed, now - cells[burst.START])
        if cells[burst.ACTIVE] and cells[burst.REQUEST] >= 0 and cells[burst.DONE_BYTES]:
            begun = computed + 1
        count = int(ends[ends.searchsorted(begun)])
        if count == work.tiles.shape[1]:
            return count
        self._work = TileWork(work.tiles[:, :count].copy(), work.times[:, :count].copy())
        if count <= computed:
            if cells[burst.ACTIVE]:
                cells[burst.ACTIVE], cells[burst.REQUEST] = 0, -1
                del self._events[burst.NPU_KEY], self._earliest_ps[burst.NPU_KEY]
                self.next_completion_ps = min(self._earliest_ps.values(), default=NEVER)
            written_ps = int(work.times[WRITTEN, count - 1]) if count else 0
            done.occur_at(max(now, cells[burst.START] + written_ps))
        else:
            self._events[burst.NPU_KEY] = done
        return count

    def played(self) -> TileWork:
        """The latest job of the neural processor as it was played: shorter than it was given if it was cut."""
        return self._work

    @property
    def submitted(self) -> int:
        """How many requests there were, and so the number of the latest one in the log."""
        return self._age

    @property
    def job_waited_ps(self) -> int:
        """How long the chunks of the processor's latest job waited for other clients."""
        return self._cells[burst.WAITED]

    def advance(self, until_ps: int) -> None:
        """Grant all chunks before ``until_ps`` and schedule the completions found."""
        while self._next_grant_ps < until_ps:
            count = burst.advance(
                until_ps, NPU, self._config, self._rank, self._state, self._queue, self._served,
                self._work.tiles, self._work.times, self._completions, self._log,
            )  # fmt: skip
            for row in range(count):
                key, time_ps = self._found[row, 0], self._found[row, 1]
                self._events.pop(key).occur_at(time_ps)
                del self._earliest_ps[key]
                if time_ps < until_ps:
                    until_ps = time_ps
            self._next_grant_ps = self._cells[burst.NEXT_GRANT]
            if self._next_grant_ps < until_ps:
                self._log = np.concatenate([self._log, np.zeros_like(self._log)])
        self.next_completion_ps = min(self._earliest_ps.values(), default=NEVER)

    def traffic(self) -> Mapping[str, ClientTraffic]:
        """Client -> what it moved so far."""
        self.advance(self.env.now)
        return {client: ClientTraffic(*row) for client, row in zip(CLIENTS, self._served.tolist(), strict=True)}

    def busy_ps(self, until_ps: int) -> int:
        """Time for which the DRAM was moving chunks up to ``until_ps``, which must not lie before the last grant."""
        self.advance(self.env.now)
        over = max(0, self._cells[burst.DRAM_FREE] - until_ps)
        return int(self._served[:, burst.BUSY_PS].sum()) - over

    def merge(self, merge_ps: int) -> None:
        """From now on let grants of one client with a gap of at most this share a row of the log; negative: none."""
        self.advance(self.env.now)
        self._config[burst.MERGE_PS] = merge_ps

    def grants(self) -> np.ndarray:
        """The log, int64 ``(rows, 7)``: client, write, request, start, end (picoseconds), bytes, request's number."""
        self.advance(self.env.now)
        return self._log[: self._cells[burst.LOGGED]]


def _begun(work: TileWork, computed: int, time_ps: int) -> int:
    """Tiles up to the last of the first ``computed`` that was at work before ``time_ps`` of the job."""
    tiles, times = work.tiles[:, :computed], work.times
    decode_ps = tiles[burst.T_DECODE]
    own_ps = np.where(decode_ps > 0, decode_ps, tiles[burst.T_LANES])
    start_ps = np.where(decode_ps > 0, times[DECODED, :computed], times[MULTIPLIED, :computed]) - own_ps
    at_work = np.flatnonzero((tiles[burst.T_BYTES] > 0) | (start_ps < time_ps))
    return int(at_work[-1]) + 1 if at_work.size else 0
