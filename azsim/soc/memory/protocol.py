"""What the device asks of a memory, at any fidelity: requests in, completions out, bytes and waiting per client.

::

    analytic    no grants: each request takes its own time and the mean wait that the load of the others lets expect
    burst       chunk by chunk, arbitrated; rows, banks and refresh are in the efficiency alone
    bank        64 bytes by 64 bytes: open rows, conflicts, refresh, turning the bus round
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from azsim.arbitration import BOARD, Client
from azsim.arbitration.clients import all_clients
from azsim.chip.pipeline import DECODED, MULTIPLIED
from azsim.devices.spec import Device
from azsim.soc.environment import NEVER, TimedEvent
from azsim.soc.memory import columns


@dataclass(frozen=True, slots=True)
class TileWork:
    """A tile schedule to play: int64 ``tiles`` ``(8, tiles)`` as in ``columns.py``; ``times`` are ticks too."""

    tiles: np.ndarray
    times: np.ndarray

    def begun(self, computed: int, ticks: int) -> int:
        """Tiles that must not be taken from the processor any more: up to the last at work before ``ticks`` of the job.

        Args:
            computed: how many tiles have their times; all of them are fetched.
        """
        tiles, times = self.tiles[:, :computed], self.times
        decode = tiles[columns.T_DECODE]
        own = np.where(decode > 0, decode, tiles[columns.T_LANES])
        start = np.where(decode > 0, times[DECODED, :computed], times[MULTIPLIED, :computed]) - own
        at_work = np.flatnonzero((tiles[columns.T_BYTES] > 0) | (start < ticks))
        return int(at_work[-1]) + 1 if at_work.size else 0


@dataclass(frozen=True, slots=True)
class ClientTraffic:
    """What one client moved: ``late`` counts requests that ended after their deadline."""

    read_bytes: int
    write_bytes: int
    busy_ps: int
    waiting_ps: int
    grants: int
    late: int


def clients_of(device: Device, brought: Sequence[Client]) -> tuple[Client, ...]:
    """All clients of a device's memory in the order of their rows, those that stages bring last."""
    board = {name: getattr(device.priority, name) for name in BOARD}
    return all_clients(board, device.priority.others, brought)


def traffic_of(clients: Sequence[Client], served: np.ndarray) -> dict[str, ClientTraffic]:
    """Client -> what it moved.

    Args:
        served: int64 ``(clients, 6)``, see ``columns.py``.
    """
    return {client.name: ClientTraffic(*row) for client, row in zip(clients, served.tolist(), strict=True)}


@dataclass(frozen=True, slots=True)
class Rest:
    """What was left of a withdrawn request: ``lead_ps`` until its next chunk is due, then bytes over a duration."""

    size_bytes: int
    lead_ps: int
    duration_ps: int


class MemoryModel(Protocol):
    """A memory; it registers itself with the device's clock when made."""

    next_completion_ps: int
    """No completion comes before this time."""

    clients: tuple[Client, ...]
    """All that there are, in the order of the rows."""

    submitted: int
    """How many requests there were, and so the number of the latest one in the log."""

    @property
    def job_waited_ps(self) -> int:
        """How long the processor's latest job waited beyond what an idle memory would have taken."""
        ...

    def submit(
        self, client: int, size_bytes: int, *, write: bool, at_ps: int, deadline_ps: int = NEVER, period_ps: int = 0
    ) -> None:
        """Request ``size_bytes`` from ``at_ps`` (not before now) on and do not wait for them.

        A DMA client has one chunk outstanding; its first chunk reaches the controller ``frontend_latency_ns`` after
        ``at_ps``. With a period it asks for the same again every ``period_ps``, for ever.
        """
        ...

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

        A client with work of its own (a core) spreads ``duration_ps`` evenly over the chunks, and every wait adds to
        it; the latency without contention is part of that duration.
        """
        ...

    def withdraw(self, done: TimedEvent) -> Rest:
        """Take back what is left of the request that ``done`` stands for, and do not wait for it any more.

        A chunk that was granted stays granted; the client's own time after it that is not over is the rest's lead. If
        all chunks were granted, ``done`` will still happen: whoever waits for it must not take it for an end.
        """
        ...

    def play(self, work: TileWork, done: TimedEvent) -> None:
        """Start a job of the neural processor now, one at a time; ``work.times`` is filled in when ``done`` happens."""
        ...

    def cut(self, ends: np.ndarray, done: TimedEvent) -> int:
        """End the processor's job early, at the first of ``ends`` that leaves no begun tile out; returns its tiles.

        A tile has begun if its first chunk was granted, or, without a fetch, if its decoder or lane time has begun.
        What has begun runs to its end; ``done`` then happens in place of the event given to `play`, which must not be
        taken for an end any more. If the job has to run to its own end nothing changes.

        Args:
            ends: int64, ascending tile counts; the last is all tiles.
            done: what happens at the new end, unless that is the old one.
        """
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

    def busy_ps(self, until_ps: int) -> int:
        """Time for which the DRAM moved data up to ``until_ps``, which must not lie before the last grant."""
        ...

    def merge(self, merge_ps: int) -> None:
        """From now on let grants of one client with a gap of at most this share a row of the log; negative: none."""
        ...

    def grants(self) -> np.ndarray:
        """The log, int64 ``(rows, 7)``: client, write, request, start, end (picoseconds), bytes, request's number."""
        ...
