"""The neural processor as a master on the device: one job at a time, by priority and age, and the causes of its time.

::

    recogniser ─┐                                  higher priority comes
    whisper    ─┼──> by priority and age ──> running ───┬──> run to completion
    vision     ─┘         ^                             └──> tiles that have begun drain ──> the other one runs
                          └───────────── the rest, its age kept ─────────────────────────┘
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import simpy

from azsim.arbitration import NPU
from azsim.chip.attribution import CAUSES, walk
from azsim.chip.interrupted import begun_part, ends, rest
from azsim.chip.pipeline import fetch_owners, transfer_cycles, weight_owners
from azsim.chip.schedule import TileSchedule
from azsim.devices.clock import Clock
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.soc.environment import DeviceEnvironment, TimedEvent
from azsim.soc.memory import MemoryModel, TileWork
from azsim.soc.timeline import TileRecord
from azsim.soc.trace import Recorder


def tile_work(schedule: TileSchedule, device: Device) -> TileWork:
    """A schedule in ticks of the chip's clock, with the buffers that each tile waits for.

    Raises:
        InputError: so long a job cannot be counted.
    """
    chip, clock = device.chip, device.chip.clock
    tick = clock.cycle_ticks
    moved = transfer_cycles(schedule.fetch_bytes, chip) + chip.port.latency_cycles
    cycles = schedule.decode_cycles, schedule.lane_cycles, schedule.vector_cycles, moved
    if sum(float(part.sum()) for part in cycles) * tick > LONGEST_TICKS:
        raise InputError(
            f"device {device.name}: chip.clock_mhz = {chip.clock_mhz:g}: one run of {schedule.name!r} would take "
            "longer than a simulation can count; give the chip a faster clock, or a smaller network"
        )
    rows = [
        schedule.fetch_bytes,
        schedule.decode_cycles * tick,
        schedule.lane_cycles * tick,
        schedule.vector_cycles * tick,
        transfer_cycles(schedule.output_bytes, device.chip) * tick,
        fetch_owners(schedule, device.chip),
        weight_owners(schedule, device.chip),
        schedule.depends_on,
    ]
    return TileWork(np.array(rows, np.int64).reshape(8, len(schedule)), np.zeros((5, len(schedule)), np.int64))


LONGEST_TICKS = 2.0**60
"""Of a job without contention; beyond, its times may not fit 64 bits."""


@dataclass(slots=True)
class _Loaded:
    """A schedule prepared once; ``quiet_causes`` are those of a run without contention, None until one was seen."""

    schedule: TileSchedule
    work: TileWork
    ends: np.ndarray
    output_bytes: int
    quiet_causes: np.ndarray | None = None
    quiet_runs: int = 0
    runs: int = 0


@dataclass(slots=True)
class _Queued:
    """A job, or what is left of it; ``asked_ps``: when it was queued, again at an interruption."""

    loaded: _Loaded
    step: int
    done: TimedEvent
    asked_ps: int
    key: tuple[int, int]


def whole_ps(ticks: np.ndarray, clock: Clock) -> np.ndarray:
    """Ticks that follow each other, int64, as whole picoseconds that add up to where the last one ends."""
    edges = -(-np.cumsum(ticks) // clock.ticks_per_ps)
    return np.diff(edges, prepend=0)


class Npu:
    """Runs schedules. What leaves the chip is charged to the DRAM when the job ends (it has a channel of its own).

    Attributes:
        busy_ps: time with a job.
        interruptions: how often a job had to let another one go first.
    """

    def __init__(self, env: DeviceEnvironment, memory: MemoryModel, device: Device, recorder: Recorder) -> None:
        self._env = env
        self._memory = memory
        self._device = device
        self._clock = device.chip.clock
        self._sharing = device.npu_sharing
        self._recorder = recorder
        self._loaded: dict[int, _Loaded] = {}
        self._parts: list[_Loaded] = []
        self._waiting: list[tuple[tuple[int, int], _Queued]] = []
        self._running: _Queued | None = None
        self._end = TimedEvent(env)
        self._cut = -1
        self._start_ps = 0
        self._age = 0
        self._causes = np.zeros(len(CAUSES), np.int64)
        self.busy_ps = 0
        self.interruptions = 0

    def run(self, schedule: TileSchedule, step: int = -1, priority: int | None = None) -> TimedEvent:
        """Queue one job; the returned event happens when its last result is written.

        Args:
            schedule: what to run.
            step: of the utterance, -1 for none.
            priority: 0 to 99, the recogniser's if None; equals go by age.
        """
        self._age += 1
        rank = -(self._sharing.recogniser_priority if priority is None else priority)
        job = _Queued(self._load(schedule), step, TimedEvent(self._env), self._env.now, (rank, self._age))
        heapq.heappush(self._waiting, (job.key, job))
        if self._running is None:
            self._start()
        elif self._sharing.preemption != "never" and self._cut < 0 and rank < self._running.key[0]:
            self._interrupt()
        return job.done

    def _start(self) -> None:
        job = heapq.heappop(self._waiting)[1]
        self._running = job
        self._start_ps = self._env.now
        self._cut = -1
        self._end = TimedEvent(self._env)
        self._end.callbacks.append(self._finish)
        self._memory.play(job.loaded.work, self._end)

    def _interrupt(self) -> None:
        """Let the job under way end as soon as the policy allows; what is left of it will wait its turn."""
        early = TimedEvent(self._env)
        early.callbacks.append(self._finish)
        count = self._memory.cut(self._running.loaded.ends, early)
        if count < len(self._running.loaded.schedule):
            self._cut, self._end = count, early

    def _finish(self, end: simpy.Event) -> None:
        if end is not self._end:
            return  # the job was cut after its last chunk had been granted
        job, now, cut = self._running, self._env.now, self._cut
        loaded = job.loaded if cut < 0 else self._part(job.loaded.schedule, cut)
        loaded.runs += 1
        self.busy_ps += now - self._start_ps
        self._attribute(loaded)
        self._recorder.span("npu", loaded.schedule.name, self._start_ps, now, job.step, asked_ps=job.asked_ps)
        if self._recorder.detailed(self._start_ps):
            self._recorder.tiles(self._record(loaded, job.step))
        if loaded.output_bytes:
            self._memory.submit(NPU, loaded.output_bytes, write=True, at_ps=now)
        if cut >= 0:
            self.interruptions += 1
            loaded = self._prepare(rest(job.loaded.schedule, cut))
            self._parts.append(loaded)
            left = replace(job, loaded=loaded, asked_ps=now)
            heapq.heappush(self._waiting, (left.key, left))
        self._running = None
        if self._waiting:
            self._start()
        if cut < 0:
            job.done.occur()

    def _record(self, loaded: _Loaded, step: int) -> TileRecord:
        chip, work = self._device.chip, loaded.work
        return TileRecord(
            loaded.schedule, step, self._start_ps, work.times.copy(), work.tiles, chip.clock, chip.port.latency_cycles
        )

    def _prepare(self, schedule: TileSchedule) -> _Loaded:
        leave = ends(schedule, self._sharing.preemption)
        return _Loaded(schedule, tile_work(schedule, self._device), leave, int(schedule.output_bytes.sum()))

    def _load(self, schedule: TileSchedule) -> _Loaded:
        loaded = self._loaded.get(id(schedule))
        if loaded is None:
            loaded = self._loaded[id(schedule)] = self._prepare(schedule)
        return loaded

    def _part(self, schedule: TileSchedule, count: int) -> _Loaded:
        """What ran of a job that was cut, with the times that the memory left."""
        part = begun_part(schedule, count)
        loaded = _Loaded(part, self._memory.played(), ends(part, "never"), int(part.output_bytes.sum()))
        self._parts.append(loaded)
        return loaded

    def _attribute(self, loaded: _Loaded) -> None:
        """Add the causes of the job that just ended; one without contention takes what such a job took before."""
        contended = self._memory.job_waited_ps > 0
        if not contended and loaded.quiet_causes is not None:
            loaded.quiet_runs += 1
            return
        schedule, tiles = loaded.schedule, loaded.work.tiles
        causes = np.zeros(len(CAUSES), np.int64)
        walk(
            loaded.work.times,
            schedule.fetch_bytes > 0,
            schedule.decode_cycles > 0,
            tiles[5],
            tiles[6],
            tiles[7],
            np.int64(self._device.chip.port.latency_cycles * self._clock.cycle_ticks),
            schedule.lane_split * self._clock.cycle_ticks,
            causes,
        )
        causes = whole_ps(causes, self._clock)
        causes[0] += self._env.now - self._start_ps - causes.sum()  # a cut job may end while it waits for a first byte
        if contended or self._cut >= 0:
            self._causes += causes
        else:
            loaded.quiet_causes, loaded.quiet_runs = causes, 1

    def causes_ps(self) -> Mapping[str, int]:
        """Cause -> time on the critical path of all jobs that have ended; adds up to ``busy_ps``."""
        total = self._causes.copy()
        for loaded in [*self._loaded.values(), *self._parts]:
            if loaded.quiet_causes is not None:
                total += loaded.quiet_runs * loaded.quiet_causes
        return dict(zip(CAUSES, total.tolist(), strict=True))

    def runs(self) -> list[tuple[TileSchedule, int]]:
        """Each schedule that ran, in part or whole, and how often."""
        return [(loaded.schedule, loaded.runs) for loaded in [*self._loaded.values(), *self._parts] if loaded.runs]
