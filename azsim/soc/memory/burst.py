"""The ``burst`` fidelity, and the Python around the compiled loop.

A chunk of at most ``memory.chunk_bytes`` occupies the DRAM for bytes / (peak x efficiency) from its grant; arbitration
decides between the chunks that wait. What goes on inside the DRAM (rows, banks, turning the bus round) is in the
efficiency alone.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

from azsim.arbitration import NPU, Client, Policy
from azsim.arbitration.hooks import holds, hook_of
from azsim.chip.pipeline import WRITTEN
from azsim.devices.regulation import policy_of
from azsim.devices.spec import Device
from azsim.soc.environment import NEVER, DeviceEnvironment, TimedEvent
from azsim.soc.memory import columns
from azsim.soc.memory.columns import PENDING
from azsim.soc.memory.dram import CONFIG_CELLS
from azsim.soc.memory.loop import advance
from azsim.soc.memory.protocol import ClientTraffic, Rest, TileWork, clients_of, traffic_of
from azsim.soc.memory.regions import Regions

_REQUEST = struct.Struct(f"{columns.REQUEST_COLUMNS}q")
"""A row of ``queue`` as the loop reads it."""

_STATE_CELLS = 16

_NOTHING = -1
"""Key of the completion that does not come, so that there always is an earliest one."""


class BurstMemory:
    """The ``burst`` fidelity.

    Args:
        env: the device's clock; the memory registers itself there.
        device: for the DRAM, the port of the neural processor and its clock.
        policy: between clients; the device's own if None.
        brought: clients beside those of the device, that stages bring.
        log: keep a row per grant (for the trace and for tests).

    Attributes:
        clients: all that there are, in the order of the rows.
        submitted: how many requests there were, and so the number of the latest one in the log.
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
        env.memory = self
        self.clients = clients_of(device, brought)
        policy = policy or policy_of(device.memory)
        self._table = policy.table(self.clients)
        self._config = self._configure(device)
        self._config[columns.MERGE_PS] = -1
        self._config[columns.HOOK] = hook_of(policy)
        self._config[columns.HOLDS] = holds(policy)
        self._frontend_ps = round(device.memory.frontend_latency_ns * 1000)
        self._chunk_bytes = device.memory.chunk_bytes
        self._state = self._initial_state(device)
        self._cells = memoryview(self._state)
        self._queue = np.zeros((64, columns.REQUEST_COLUMNS), np.int64)
        self._served = np.zeros((len(self.clients), 6), np.int64)
        self._completions = np.zeros((65, 2), np.int64)
        self._found = memoryview(self._completions)
        self._log = np.zeros((4096 if log else 0, 7), np.int64)
        self._idle = TileWork(np.zeros((8, 0), np.int64), np.zeros((5, 0), np.int64))
        self._work = self._idle
        self._events: dict[int, TimedEvent] = {}
        self._earliest_ps = {_NOTHING: NEVER}
        self._regions: Regions | None = None
        self.submitted = 0
        self._next_grant_ps = NEVER
        self.next_completion_ps = NEVER

    def _configure(self, device: Device) -> np.ndarray:
        """``config`` of the loop but for what concerns arbitration and the log."""
        memory, port = device.memory, device.chip.port
        config = np.zeros(CONFIG_CELLS, np.int64)
        config[columns.FS_PER_BYTE] = round(1e6 / (memory.peak_gbps * memory.efficiency))
        config[columns.CHUNK_BYTES] = memory.chunk_bytes
        config[columns.PORT_BYTES] = port.bytes_per_cycle
        clock = device.chip.clock
        config[columns.CYCLE_TICKS] = clock.cycle_ticks
        config[columns.LATENCY_TICKS] = port.latency_cycles * clock.cycle_ticks
        config[columns.TICKS_PER_PS] = clock.ticks_per_ps
        config[columns.BEATS_BYTES] = max(1, memory.chunk_bytes // port.bytes_per_cycle) * port.bytes_per_cycle
        return config

    def _initial_state(self, device: Device) -> np.ndarray:
        return np.zeros(_STATE_CELLS, np.int64)

    def submit(
        self, client: int, size_bytes: int, *, write: bool, at_ps: int, deadline_ps: int = NEVER, period_ps: int = 0
    ) -> None:
        """Request ``size_bytes`` from ``at_ps`` (not before now) on and do not wait for them.

        A DMA client has one chunk outstanding; its first chunk reaches the controller ``frontend_latency_ns`` after
        ``at_ps``. With a period it asks for the same again every ``period_ps``, for ever.
        """
        self._enter(client, size_bytes, write, at_ps, 0, deadline_ps, -1, period_ps)

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
        """The same as `submit`, and the returned event happens when the last chunk is there and the duration is over.

        A client with work of its own (a core) spreads ``duration_ps`` evenly over the chunks, and every wait for a
        grant adds to it; the latency without contention is part of that duration.
        """
        done = done or TimedEvent(self.env)
        key = self.submitted + 1
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
        cells = self._cells
        if cells[PENDING] == len(self._queue):
            self._make_room()
        pending = cells[PENDING]
        first_ps = at_ps if duration_ps else at_ps + self._frontend_ps
        chunks = -(-size_bytes // self._chunk_bytes)
        self.submitted += 1
        _REQUEST.pack_into(
            self._queue, pending * _REQUEST.size,
            client, write, size_bytes, first_ps, self.submitted, duration_ps, 0, chunks, key, deadline_ps,
            period_ps, size_bytes, first_ps, 0, 0, self._regions.place(client, size_bytes) if self._regions else 0,
        )  # fmt: skip
        cells[PENDING] = pending + 1
        if first_ps < self._next_grant_ps:
            self._next_grant_ps = first_ps

    def _make_room(self) -> None:
        self.advance(self.env.now)
        if self._cells[PENDING] == len(self._queue):
            self._queue = np.concatenate([self._queue, np.zeros_like(self._queue)])
            self._completions = np.zeros((len(self._queue) + 1, 2), np.int64)
            self._found = memoryview(self._completions)

    def _expect(self, key: int, done: TimedEvent, earliest_ps: int) -> None:
        self._events[key] = done
        self._earliest_ps[key] = earliest_ps
        if earliest_ps < self.next_completion_ps:
            self.next_completion_ps = earliest_ps

    def play(self, work: TileWork, done: TimedEvent) -> None:
        """Start a job of the neural processor now; ``work.times`` is filled in by the time ``done`` happens."""
        self._work = work
        self._expect(columns.NPU_KEY, done, self.env.now)
        cells = self._cells
        cells[columns.ACTIVE], cells[columns.START], cells[columns.TILE] = 1, self.env.now, 0
        cells[columns.DONE_BYTES], cells[columns.REQUEST], cells[columns.WAITED] = 0, -1, 0
        self._next_grant_ps = min(self._next_grant_ps, self.env.now - 1)

    def withdraw(self, done: TimedEvent) -> Rest:
        """Take back what is left of the request that ``done`` stands for, and do not wait for it any more.

        A chunk that was granted stays granted; the client's own time after it that is not over is the rest's lead. If
        all chunks were granted, ``done`` will still happen: whoever waits for it must not take it for an end.
        """
        now = self.env.now
        self.advance(now)
        if done.triggered:
            return Rest(0, done.value - now, 0)
        key = next(key for key, event in self._events.items() if event is done)
        last = self._cells[PENDING] - 1
        row = int(np.flatnonzero(self._queue[: last + 1, columns.R_KEY] == key)[0])
        fields = self._queue[row].tolist()
        own_ps, chunk, chunks = fields[columns.R_DURATION], fields[columns.R_CHUNK], fields[columns.R_CHUNKS]
        self._queue[row] = self._queue[last]
        self._cells[PENDING] = last
        del self._events[key], self._earliest_ps[key]
        self.next_completion_ps = min(self._earliest_ps.values())
        lead_ps = max(0, fields[columns.R_REQUEST] - now)
        return Rest(fields[columns.R_LEFT] - fields[columns.R_MOVED], lead_ps, own_ps - own_ps * chunk // chunks)

    def cut(self, ends: np.ndarray, done: TimedEvent) -> int:
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
        computed = cells[columns.TILE] if cells[columns.ACTIVE] else work.tiles.shape[1]
        per_ps = int(self._config[columns.TICKS_PER_PS])
        begun = work.begun(computed, (now - cells[columns.START]) * per_ps)
        under_way = cells[columns.DONE_BYTES] or cells[columns.MOVED]
        if cells[columns.ACTIVE] and cells[columns.REQUEST] >= 0 and under_way:
            begun = computed + 1
        count = int(ends[ends.searchsorted(begun)])
        if count == work.tiles.shape[1]:
            return count
        self._work = TileWork(work.tiles[:, :count].copy(), work.times[:, :count].copy())
        if count <= computed:
            if cells[columns.ACTIVE]:
                cells[columns.ACTIVE], cells[columns.REQUEST] = 0, -1
                del self._events[columns.NPU_KEY], self._earliest_ps[columns.NPU_KEY]
                self.next_completion_ps = min(self._earliest_ps.values())
            written_ps = -(-int(work.times[WRITTEN, count - 1]) // per_ps) if count else 0
            done.occur_at(max(now, cells[columns.START] + written_ps))
        else:
            self._events[columns.NPU_KEY] = done
        return count

    def played(self) -> TileWork:
        """The latest job of the neural processor as it was played: shorter than it was given if it was cut."""
        return self._work

    @property
    def job_waited_ps(self) -> int:
        """How long the chunks of the processor's latest job waited for other clients."""
        return self._cells[columns.WAITED]

    def advance(self, until_ps: int) -> None:
        """Grant all chunks before ``until_ps`` and schedule the completions found."""
        while self._next_grant_ps < until_ps:
            count = advance(
                until_ps, NPU, self._config, self._table, self._state, self._queue, self._served,
                self._work.tiles, self._work.times, self._completions, self._log,
            )  # fmt: skip
            for row in range(count):
                key, time_ps = self._found[row, 0], self._found[row, 1]
                self._events.pop(key).occur_at(time_ps)
                del self._earliest_ps[key]
                if time_ps < until_ps:
                    until_ps = time_ps
            self._next_grant_ps = self._cells[columns.NEXT_GRANT]
            if self._next_grant_ps < until_ps:
                self._log = np.concatenate([self._log, np.zeros_like(self._log)])
        self.next_completion_ps = min(self._earliest_ps.values())

    def traffic(self) -> Mapping[str, ClientTraffic]:
        """Client -> what it moved so far."""
        self.advance(self.env.now)
        return traffic_of(self.clients, self._served)

    def busy_ps(self, until_ps: int) -> int:
        """Time for which the DRAM was moving chunks up to ``until_ps``, which must not lie before the last grant."""
        self.advance(self.env.now)
        over = max(0, self._cells[columns.DRAM_FREE] - until_ps)
        return min(until_ps, int(self._served[:, columns.BUSY_PS].sum()) - over)

    def merge(self, merge_ps: int) -> None:
        """From now on let grants of one client with a gap of at most this share a row of the log; negative: none."""
        self.advance(self.env.now)
        self._config[columns.MERGE_PS] = merge_ps

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """``config``, ``table``, ``state`` and ``served`` of the loop, for those who drive it from compiled code."""
        return self._config, self._table, self._state, self._served

    def grants(self) -> np.ndarray:
        """The log, int64 ``(rows, 7)``: client, write, request, start, end (picoseconds), bytes, request's number."""
        self.advance(self.env.now)
        return self._log[: self._cells[columns.LOGGED]]
