"""The application cores: one run queue, music before speech, every job costs cycles and memory traffic.

::

    music decode ─┐                    ┌─> cpu0
    front end ────┼─> queue by priority┼─> cpu1    a core that was idle takes wake_us first
    search ───────┘   (then by age)    └─> ...
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from azsim.devices.spec import CpuSpec
from azsim.soc.arbitration import CPU
from azsim.soc.environment import DeviceEnvironment, Moment
from azsim.soc.memory import MemoryModel
from azsim.soc.trace import Recorder

SPEECH_PRIORITY, MUSIC_PRIORITY = 0, 1


@dataclass(slots=True)
class _Task:
    name: str
    cycles: int
    step: int
    done: Moment
    asked_ps: int
    request: int = 0


class Cpu:
    """Cores with a common run queue; a job is not preempted.

    The cycles of a job include its cache misses on a quiet memory; its traffic is requested in chunks spread evenly
    over its time, and each wait for a grant lengthens the job (an in-order core stalls).
    """

    def __init__(self, env: DeviceEnvironment, memory: MemoryModel, spec: CpuSpec, recorder: Recorder) -> None:
        self._env = env
        self._memory = memory
        self._spec = spec
        self._recorder = recorder
        self._ps_per_kcycle = round(1e9 / spec.clock_mhz)
        self._wake_ps = round(spec.wake_us * 1e6)
        self._idle = list(range(spec.cores))
        self._queue: list[tuple[int, int, _Task]] = []
        self._sequence = 0
        self._started: dict[int, int] = {}
        self._ran: list[tuple[int, int]] = []

    def run(
        self, name: str, cycles: int, *, priority: int = SPEECH_PRIORITY, step: int = -1, done: Moment | None = None
    ) -> Moment:
        """Queue a job of ``cycles``; the event happens when it has run."""
        task = _Task(name, cycles, step, done or Moment(self._env), self._env.now)
        if self._idle:
            self._start(heapq.heappop(self._idle), task, self._wake_ps)
        else:
            self._sequence += 1
            heapq.heappush(self._queue, (-priority, self._sequence, task))
        return task.done

    def busy_ps(self) -> int:
        """Core time used up to now, wake-ups included, summed over the cores."""
        return sum(end - start for start, end in self.intervals())

    def intervals(self) -> list[tuple[int, int]]:
        """Start and end of every job so far; one that is under way ends now."""
        return self._ran + [(start, self._env.now) for start in self._started.values()]

    def finish_spans(self) -> None:
        """Record the jobs that are under way as ending now."""
        for core, start_ps in self._started.items():
            self._recorder.span(f"cpu{core}", "cut off", start_ps, self._env.now)

    def _start(self, core: int, task: _Task, wake_ps: int) -> None:
        now = self._env.now
        self._started[core] = now
        duration_ps = task.cycles * self._ps_per_kcycle // 1000
        size_bytes = int(task.cycles * self._spec.memory_bytes_per_kcycle) // 1000
        task.done.callbacks.insert(0, lambda done: self._finish(core, task))
        if size_bytes and duration_ps:
            self._memory.request(
                CPU, size_bytes, write=False, at_ps=now + wake_ps, duration_ps=duration_ps, done=task.done
            )
            task.request = self._memory.submitted
        else:
            task.done.occur_at(now + wake_ps + duration_ps)

    def _finish(self, core: int, task: _Task) -> None:
        start_ps = self._started.pop(core)
        self._ran.append((start_ps, self._env.now))
        self._recorder.span(
            f"cpu{core}", task.name, start_ps, self._env.now, task.step, asked_ps=task.asked_ps, request=task.request
        )
        if self._queue:
            self._start(core, heapq.heappop(self._queue)[2], 0)
        else:
            heapq.heappush(self._idle, core)
