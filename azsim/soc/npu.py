"""The neural processor as a master on the device: one job at a time, in order, and the causes of its time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.chip.attribution import CAUSES, walk
from azsim.chip.pipeline import fetch_owners, transfer_cycles, weight_owners
from azsim.chip.schedule import TileSchedule
from azsim.devices.spec import Device
from azsim.soc.arbitration import NPU
from azsim.soc.environment import DeviceEnvironment, Moment
from azsim.soc.memory import BurstMemory, TileWork
from azsim.soc.timeline import TileRecord
from azsim.soc.trace import Recorder


def tile_work(schedule: TileSchedule, device: Device) -> TileWork:
    """A schedule in picoseconds, with the buffers that each tile waits for."""
    cycle_ps = device.cycle_ps
    rows = [
        schedule.fetch_bytes,
        schedule.decode_cycles * cycle_ps,
        schedule.lane_cycles * cycle_ps,
        schedule.vector_cycles * cycle_ps,
        transfer_cycles(schedule.output_bytes, device.chip) * cycle_ps,
        fetch_owners(schedule, device.chip),
        weight_owners(schedule, device.chip),
        schedule.depends_on,
    ]
    return TileWork(np.array(rows, np.int64).reshape(8, len(schedule)), np.zeros((5, len(schedule)), np.int64))


@dataclass(slots=True)
class _Loaded:
    """A schedule prepared once; ``quiet_causes`` are those of a run without contention, None until one was seen."""

    schedule: TileSchedule
    work: TileWork
    output_bytes: int
    quiet_causes: np.ndarray | None = None
    quiet_runs: int = 0
    runs: int = 0


@dataclass(frozen=True, slots=True)
class _Queued:
    schedule: TileSchedule
    step: int
    done: Moment
    asked_ps: int


class Npu:
    """Runs schedules. What leaves the chip is charged to the DRAM when the job ends (it has a channel of its own)."""

    def __init__(self, env: DeviceEnvironment, memory: BurstMemory, device: Device, recorder: Recorder) -> None:
        self._env = env
        self._memory = memory
        self._device = device
        self._recorder = recorder
        self._loaded: dict[int, _Loaded] = {}
        self._waiting: deque[_Queued] = deque()
        self._running: _Queued | None = None
        self._start_ps = 0
        self._causes = np.zeros(len(CAUSES), np.int64)
        self.busy_ps = 0

    def run(self, schedule: TileSchedule, step: int = -1) -> Moment:
        """Queue one job; the returned event happens when its last result is written."""
        job = _Queued(schedule, step, Moment(self._env), self._env.now)
        self._waiting.append(job)
        if self._running is None:
            self._start()
        return job.done

    def _start(self) -> None:
        job = self._waiting.popleft()
        self._running = job
        self._start_ps = self._env.now
        job.done.callbacks.insert(0, self._finish)
        self._memory.play(self._load(job.schedule).work, job.done)

    def _finish(self, done: Moment) -> None:
        job = self._running
        now = self._env.now
        loaded = self._loaded[id(job.schedule)]
        loaded.runs += 1
        self.busy_ps += now - self._start_ps
        self._attribute(loaded)
        self._recorder.span("npu", job.schedule.name, self._start_ps, now, job.step, asked_ps=job.asked_ps)
        if self._recorder.detailed(self._start_ps):
            self._recorder.tiles(self._record(loaded, job.step))
        if loaded.output_bytes:
            self._memory.submit(NPU, loaded.output_bytes, write=True, at_ps=now)
        self._running = None
        if self._waiting:
            self._start()

    def _record(self, loaded: _Loaded, step: int) -> TileRecord:
        cycle_ps = self._device.cycle_ps
        latency_ps = self._device.chip.port.latency_cycles * cycle_ps
        work = loaded.work
        return TileRecord(loaded.schedule, step, self._start_ps, work.times.copy(), work.tiles, cycle_ps, latency_ps)

    def _load(self, schedule: TileSchedule) -> _Loaded:
        loaded = self._loaded.get(id(schedule))
        if loaded is None:
            loaded = _Loaded(schedule, tile_work(schedule, self._device), int(schedule.output_bytes.sum()))
            self._loaded[id(schedule)] = loaded
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
            np.int64(self._device.chip.port.latency_cycles * self._device.cycle_ps),
            schedule.lane_split * self._device.cycle_ps,
            causes,
        )
        if contended:
            self._causes += causes
        else:
            loaded.quiet_causes, loaded.quiet_runs = causes, 1

    def causes_ps(self) -> Mapping[str, int]:
        """Cause -> time on the critical path of all jobs that have ended; adds up to ``busy_ps``."""
        total = self._causes.copy()
        for loaded in self._loaded.values():
            if loaded.quiet_causes is not None:
                total += loaded.quiet_runs * loaded.quiet_causes
        return dict(zip(CAUSES, total.tolist(), strict=True))

    def runs(self) -> list[tuple[TileSchedule, int]]:
        """Each schedule that ran, and how often."""
        return [(loaded.schedule, loaded.runs) for loaded in self._loaded.values()]
