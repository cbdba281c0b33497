"""Poisson arrivals played through the compiled loop itself, by the hundred million: to set it beside queueing theory.

::

    at once     every request enters the memory as it arrives
    in turn     a client has one request in the memory; later ones wait in the client, first come, first served

Waits, time in the memory and the number that an arrival finds there are kept in batches, so that their standard errors
are those of batch means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.arbitration import NPU, Policy
from azsim.compiled import njit
from azsim.devices.spec import Device
from azsim.soc.environment import NEVER, DeviceEnvironment
from azsim.soc.memory import columns
from azsim.soc.memory.bank import BankMemory
from azsim.soc.memory.burst import BurstMemory
from azsim.soc.memory.loop import advance

COUNT, RESPONSE_PS, SERVICE_PS, FOUND = range(4)
"""Columns of a batch, per client: requests; sums of their time in the system and of their bytes / rate; and of the
number that each found in the memory (at once, without banks)."""


@dataclass(frozen=True, slots=True)
class Source:
    """Poisson requests of one client.

    Attributes:
        client: row of the client; each at most once.
        rate_per_us: requests per microsecond.
        sizes_bytes: each request takes one of these, all equally likely.
        write: direction.
        scattered: lines anywhere in the client's region instead of one after another (with banks).
    """

    client: int
    rate_per_us: float
    sizes_bytes: tuple[int, ...]
    write: bool = False
    scattered: bool = False


@njit(cache=True, nogil=True)
def _put(queue, row, client, write, size_bytes, at_ps, age, key, chunk_bytes, address):
    queue[row, :] = 0
    queue[row, columns.R_CLIENT] = client
    queue[row, columns.R_WRITE] = write
    queue[row, columns.R_LEFT] = size_bytes
    queue[row, columns.R_BYTES] = size_bytes
    queue[row, columns.R_REQUEST] = at_ps
    queue[row, columns.R_AGE] = age
    queue[row, columns.R_CHUNKS] = (size_bytes + chunk_bytes - 1) // chunk_bytes
    queue[row, columns.R_KEY] = key
    queue[row, columns.R_DEADLINE] = NEVER
    queue[row, columns.R_ADDRESS] = address


@njit(cache=True, nogil=True)
def _watch(log, watched):
    """Rows of ``watched``: rate; fill of a bucket that leaks at that rate; the highest fill; when it was computed."""
    for row in range(log.shape[0]):
        client = log[row, columns.L_CLIENT]
        fill = max(np.int64(0), watched[1, client] - (log[row, columns.L_START] - watched[3, client]) * 1000)
        watched[3, client] = log[row, columns.L_START]
        watched[1, client] = fill + log[row, columns.L_BYTES] * watched[0, client]
        watched[2, client] = max(watched[2, client], watched[1, client])


@njit(cache=True, nogil=True)
def _drive(
    jobs, in_turn, rng, npu, gaps, sizes, choices, writes, scattered,
    config, table, state, queue, served, tiles, times, completions, log, batches, watched,
):  # fmt: skip
    """Play ``jobs`` requests; ``batches`` int64 ``(batches, clients, 4)`` are added to; False: the queue overflowed.

    With a ``log`` the grants of clients whose ``watched[0]`` (femtoseconds per byte of a rate) is not 0 are checked:
    the most that they got above the rate over any stretch, in femtoseconds of that rate, is left in ``watched[2]``.
    """
    clients = gaps.size
    arrival = np.full(clients, NEVER)  # the next request of each client
    size = np.zeros(clients, np.int64)
    exact = np.zeros(clients)  # its time, not rounded
    offset = np.zeros(clients, np.int64)
    busy = np.zeros(clients, np.bool_)  # in turn: has a request in the memory
    capacity = queue.shape[0]
    arrived_ps = np.zeros(clients * capacity, np.int64)
    service_ps = np.zeros(clients * capacity, np.int64)
    sent = np.zeros(clients, np.int64)
    latest_end = np.int64(0)
    for client in range(clients):
        if gaps[client] > 0:
            exact[client] = rng.exponential(gaps[client])
            arrival[client] = np.int64(exact[client])
            size[client] = sizes[client, rng.integers(0, choices[client])]
    age = np.int64(0)
    finished = np.int64(0)
    ready_ps = np.zeros(clients, np.int64)
    while finished < jobs:
        # the next to enter the memory, and when
        who = -1
        at = np.int64(NEVER)
        for client in range(clients):
            entry = arrival[client]
            if in_turn:
                entry = np.int64(NEVER) if busy[client] else max(arrival[client], ready_ps[client])
            if entry < at:
                at = entry
                who = client
        if log.shape[0] > 0 and state[columns.LOGGED] >= log.shape[0]:
            _watch(log, watched)
            state[columns.LOGGED] = 0
        count = advance(at, npu, config, table, state, queue, served, tiles, times, completions, log)
        for row in range(count):
            ended = completions[row, 1]
            key = completions[row, 0]
            client = key % clients
            batch = min(finished * batches.shape[0] // jobs, batches.shape[0] - 1)
            batches[batch, client, COUNT] += 1
            batches[batch, client, RESPONSE_PS] += ended - arrived_ps[key]
            batches[batch, client, SERVICE_PS] += service_ps[key]
            finished += 1
            latest_end = max(latest_end, ended)
            busy[client] = False
            ready_ps[client] = ended
        if count > 0 or state[columns.NEXT_GRANT] < at:
            continue
        row = state[columns.PENDING]
        if row == queue.shape[0] - 1:
            return False
        batch = min(finished * batches.shape[0] // jobs, batches.shape[0] - 1)
        batches[batch, who, FOUND] += row + (1 if latest_end > at else 0)
        address = np.int64(-1)
        if scattered[who] == 0:
            address = who * config[columns.REGION_BYTES] + offset[who]
            offset[who] += size[who]
            if offset[who] + 65536 > config[columns.REGION_BYTES]:
                offset[who] = 0
        sent[who] += 1
        age += 1
        key = sent[who] % capacity * clients + who
        arrived_ps[key] = arrival[who]
        service_ps[key] = (size[who] * config[columns.FS_PER_BYTE] + 999) // 1000
        _put(queue, row, who, writes[who], size[who], at, age, key, config[columns.CHUNK_BYTES], address)
        state[columns.PENDING] = row + 1
        busy[who] = True
        exact[who] += rng.exponential(gaps[who])
        arrival[who] = np.int64(exact[who])
        size[who] = sizes[who, rng.integers(0, choices[who])]
    return True


@dataclass(frozen=True, slots=True)
class PoissonMeasurement:
    """What was measured; means are over all batches, ``*_error`` are standard errors of batch means.

    Attributes:
        batches: int64 ``(batches, clients, 4)``.
        elapsed_ps: from the first arrival's origin to the last grant.
        busy_ps: time for which data moved.
        watched: int64 ``(4, clients)``, see `_watch`.
    """

    batches: np.ndarray
    elapsed_ps: int
    busy_ps: int
    watched: np.ndarray

    def above_rate_bytes(self, client: int) -> float:
        """Most bytes that a watched client got above its rate, over any stretch of time."""
        return self.watched[2, client] / self.watched[0, client]

    def response_ps(self, client: int) -> tuple[float, float]:
        """Mean time from a request's arrival to its last byte, and its standard error."""
        return self._mean(client, self.batches[:, client, RESPONSE_PS])

    def wait_ps(self, client: int) -> tuple[float, float]:
        """Mean time in the system beyond bytes / rate, and its standard error."""
        return self._mean(client, self.batches[:, client, RESPONSE_PS] - self.batches[:, client, SERVICE_PS])

    def found(self, client: int) -> tuple[float, float]:
        """Mean number in the memory that a request found, and its standard error."""
        return self._mean(client, self.batches[:, client, FOUND])

    def wait_share(self) -> tuple[float, float]:
        """Sum over the clients of load x wait, picoseconds, and its standard error (Kleinrock's conserved quantity)."""
        batches = self.batches.astype(float)
        count = np.maximum(batches[:, :, COUNT], 1)
        waits = (batches[:, :, RESPONSE_PS] - batches[:, :, SERVICE_PS]) / count
        loads = self.batches[:, :, SERVICE_PS].sum(0) / self.elapsed_ps
        return _mean_and_error((waits * loads).sum(1))

    def _mean(self, client: int, sums: np.ndarray) -> tuple[float, float]:
        count = self.batches[:, client, COUNT]
        _, error = _mean_and_error(sums[count > 0] / count[count > 0])
        return float(sums.sum() / count.sum()), error


def _mean_and_error(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))


def poisson_load(
    device: Device,
    sources: Sequence[Source],
    jobs: int,
    *,
    policy: Policy | None = None,
    in_turn: bool = False,
    seed: int = 1,
    batches: int = 100,
    waiting_room: int = 8192,
    watch_gbps: dict[int, float] | None = None,
) -> PoissonMeasurement:
    """Play ``jobs`` Poisson requests through the loop of the device's memory (``burst`` or ``bank``).

    Args:
        device: for its memory.
        sources: who asks.
        jobs: how many requests, of all sources together.
        policy: the device's own if None.
        in_turn: a client has one request in the memory at a time.
        seed: of the arrivals and sizes.
        batches: for the standard errors; they have equally many requests.
        waiting_room: requests in the memory at once.
        watch_gbps: client -> rate; `PoissonMeasurement.above_rate_bytes` then says how far it was exceeded.

    Raises:
        OverflowError: there were more.
    """
    memory = (BankMemory if device.memory.fidelity == "bank" else BurstMemory)(
        DeviceEnvironment(), device, policy=policy
    )
    config, table, state, served = memory.arrays()
    clients = len(memory.clients)
    gaps, writes, scattered = np.zeros(clients), np.zeros(clients, np.int64), np.zeros(clients, np.int64)
    choices = np.ones(clients, np.int64)
    sizes = np.zeros((clients, max(len(source.sizes_bytes) for source in sources)), np.int64)
    for source in sources:
        gaps[source.client] = 1e6 / source.rate_per_us
        writes[source.client], scattered[source.client] = source.write, source.scattered
        choices[source.client] = len(source.sizes_bytes)
        sizes[source.client, : len(source.sizes_bytes)] = source.sizes_bytes
    log = np.zeros((1 << 16 if watch_gbps else 0, 7), np.int64)
    watched = np.zeros((4, clients), np.int64)
    for client, gbps in (watch_gbps or {}).items():
        watched[0, client] = round(1e6 / gbps)
    measured = np.zeros((batches, clients, 4), np.int64)
    fitted = _drive(
        jobs, in_turn, np.random.default_rng(seed), NPU, gaps, sizes, choices, writes, scattered, config, table, state,
        np.zeros((waiting_room, columns.REQUEST_COLUMNS), np.int64), served, np.zeros((9, 0), np.int64),
        np.zeros((5, 0), np.int64), np.zeros((waiting_room + 1, 2), np.int64), log, measured, watched,
    )  # fmt: skip
    if not fitted:
        raise OverflowError(f"more than {waiting_room} requests in the memory at once: the load is above what it gives")
    return PoissonMeasurement(measured, int(state[columns.DRAM_FREE]), int(served[:, columns.BUSY_PS].sum()), watched)
