"""The application cores: fixed priorities, preemption, idle states, and a clock that may follow the load.

::

    music decode ─┐                              ┌─> cpu0   runs the highest priorities there are;
    echo         ─┤                              ├─> cpu1   of equals the oldest, also after a preemption
    front end    ─┼──> ready, by priority and age┼─> ...
    search       ─┤            ^                 └─> cpuN ──┐
    network ...  ─┘            └──────── preempted ─────────┘

A job that comes takes an idle core, else the core whose job has the lowest priority below its own (of equals, the
youngest). A preempted job keeps its age, goes on wherever a core gets free, and loses nothing: what it had left, cycles
and memory traffic, it has left when it goes on.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import simpy

from azsim.arbitration import CPU
from azsim.devices.cpu_spec import BackgroundSpec, CpuSpec
from azsim.soc.core_idle import Busy, IdleLadder
from azsim.soc.environment import DeviceEnvironment, TimedEvent
from azsim.soc.governor import CoreClock, clocks_of, initial_clock, next_clock
from azsim.soc.memory import MemoryModel
from azsim.soc.trace import Recorder


@dataclass(slots=True)
class _Job:
    """What is left of a job: ``lead_ps`` of own time, then ``own_ps`` spread over ``size_bytes`` of traffic.

    ``asked_ps``: when it became ready, again at a preemption; ``request``: its latest in the memory's log.
    Times hold for ``clock``; None before the first start, when ``own_ps`` is not set. ``begun``: some of it has run.
    """

    name: str
    priority: int
    age: int
    cycles: int
    step: int
    done: TimedEvent
    size_bytes: int
    asked_ps: int
    request: int = 0
    clock: CoreClock | None = None
    lead_ps: int = 0
    own_ps: int = 0
    begun: bool = False

    @property
    def key(self) -> tuple[int, int]:
        """Order of jobs that wait: highest priority, then oldest."""
        return -self.priority, self.age


class _Stretch(TimedEvent):
    """A job on a core without a break: it begins to compute at ``begins_ps``, and happens when the job has run."""

    def __init__(self, env: DeviceEnvironment, core: int, job: _Job, start_ps: int, begins_ps: int) -> None:
        super().__init__(env)
        self.core = core
        self.job = job
        self.start_ps = start_ps
        self.begins_ps = begins_ps


class Cores:
    """Cores with a common run queue under fixed-priority preemptive scheduling.

    The cycles of a job include its cache misses on a quiet memory; its traffic is requested in chunks spread evenly
    over its time, and each wait for a grant lengthens the job (an in-order core stalls).

    Attributes:
        preemptions: how many there were.
    """

    def __init__(self, env: DeviceEnvironment, memory: MemoryModel, spec: CpuSpec, recorder: Recorder) -> None:
        self._env = env
        self._memory = memory
        self._spec = spec
        self._recorder = recorder
        self._clock = initial_clock(spec)
        self._ladder = IdleLadder(spec)
        self._wake_ps = round(spec.wake_us * 1e6)
        self._switch_ps = round(spec.context_switch_us * 1e6)
        self._idle_since_ps = [0] * spec.cores
        self._idle = list(range(spec.cores))
        self._running: dict[int, _Stretch] = {}
        self._ready: list[tuple[tuple[int, int], _Job]] = []
        self._age = 0
        self._ran: list[Busy] = []
        self.preemptions = 0
        if spec.governor == "on-demand":
            env.process(self._govern(clocks_of(spec)))

    def run(
        self, name: str, cycles: int, *, task: str = "search", step: int = -1, done: TimedEvent | None = None
    ) -> TimedEvent:
        """Queue a job of ``cycles``; the event happens when it has run.

        Args:
            name: for reports.
            cycles: it takes.
            task: whose priority it has: one of ``cpu.tasks``, or of ``cpu.priority``.
            step: of the utterance, -1 for none.
            done: event to use.
        """
        self._age += 1
        size_bytes = int(cycles * self._spec.memory_bytes_per_kcycle) // 1000
        own = self._spec.tasks.get(task)
        priority = own.priority if own else getattr(self._spec.priority, task)
        job = _Job(name, priority, self._age, cycles, step, done or TimedEvent(self._env), size_bytes, self._env.now)
        if self._idle:
            core = heapq.heappop(self._idle)
            self._start(core, job, self._exit_ps(core) + self._wake_ps)
            return job.done
        core = max(self._running, key=lambda core: self._running[core].job.key)
        ending = self._ending()
        if ending is None and self._running[core].job.priority < priority:
            self._preempt(core, job)
            return job.done
        heapq.heappush(self._ready, (job.key, job))
        if ending is not None:
            self._finish(ending)
        return job.done

    def busy_ps(self) -> int:
        """Core time used up to now, wake-ups included, summed over the cores."""
        return sum(stretch.end_ps - stretch.start_ps for stretch in self.intervals())

    def intervals(self) -> list[Busy]:
        """Every stretch of a core's work so far; one that is under way ends now."""
        under_way = [
            Busy(core, running.start_ps, self._env.now, self._clock.power_uw) for core, running in self._running.items()
        ]
        return self._ran + under_way

    def energy_uw_ps(self, until_ps: int) -> int:
        """Energy of the cores, running and idle, up to a time that has come; microwatt-picoseconds."""
        return self._ladder.energy_uw_ps(self.intervals(), until_ps)

    def finish_spans(self) -> None:
        """Record the jobs that are under way as ending now."""
        for core, running in self._running.items():
            self._recorder.span(f"cpu{core}", "cut off", running.start_ps, self._env.now)

    def background(self, load: BackgroundSpec, rng: np.random.Generator) -> Generator[simpy.Event, object, None]:
        """SimPy process: jobs of ``load`` for ever, the first a drawn part of a period after time 0."""
        mean_ps = load.every_ms * 1e9
        periodic = load.arrivals == "periodic"
        wait_ps = rng.uniform(0, mean_ps) if periodic else rng.exponential(mean_ps)
        while True:
            yield self._env.timeout(round(wait_ps))
            self.run(load.name, load.cycles, task="background")
            wait_ps = mean_ps if periodic else rng.exponential(mean_ps)

    def _ending(self) -> _Stretch | None:
        """One that ends at this very instant: its job is over, not preempted."""
        now = self._env.now
        for running in self._running.values():
            if running.triggered and running.value == now:
                return running
        return None

    def _exit_ps(self, core: int) -> int:
        now = self._env.now
        all_idle_ps = 0 if self._running else now - max(self._idle_since_ps)
        return self._ladder.exit_ps(now - self._idle_since_ps[core], all_idle_ps)

    def _start(self, core: int, job: _Job, wait_ps: int) -> None:
        """Give an idle core to a job, which begins after ``wait_ps``."""
        if job.clock is not self._clock:
            self._retime(job)
        now = self._env.now
        begins_ps = now + wait_ps
        stretch = self._running[core] = _Stretch(self._env, core, job, now, begins_ps)
        stretch.callbacks.append(self._finish)
        at_ps = begins_ps + job.lead_ps
        if job.size_bytes and job.own_ps:
            self._memory.request(CPU, job.size_bytes, write=False, at_ps=at_ps, duration_ps=job.own_ps, done=stretch)
            job.request = self._memory.submitted
        else:
            job.request = 0
            stretch.occur_at(at_ps + job.own_ps)

    def _retime(self, job: _Job) -> None:
        """State what is left of a job in times of the present clock."""
        if job.clock is None:
            job.own_ps = job.cycles * self._clock.ps_per_kcycle // 1000
        else:
            new, old = self._clock.ps_per_kcycle, job.clock.ps_per_kcycle
            job.lead_ps, job.own_ps = job.lead_ps * new // old, job.own_ps * new // old
        job.clock = self._clock

    def _preempt(self, core: int, job: _Job) -> None:
        running = self._stop(core)
        self.preemptions += 1
        heapq.heappush(self._ready, (running.job.key, running.job))
        wakes_ps = running.begins_ps - self._env.now
        self._start(core, job, wakes_ps if wakes_ps > 0 else self._switch_ps)

    def _stop(self, core: int) -> _Stretch:
        """Take a core from its job, which keeps what it has left."""
        running = self._running.pop(core)
        now, job = self._env.now, running.job
        rest = self._memory.withdraw(running)
        if now >= running.begins_ps:
            job.begun = True
            job.size_bytes, job.lead_ps, job.own_ps = rest.size_bytes, rest.lead_ps, rest.duration_ps
        self._record(running)
        job.asked_ps = now
        return running

    def _finish(self, stretch: _Stretch) -> None:
        core = stretch.core
        if self._running.get(core) is not stretch:
            return  # it ended already, or was preempted after its last chunk had been granted
        del self._running[core]
        self._record(stretch)
        if self._ready:
            job = heapq.heappop(self._ready)[1]
            self._start(core, job, self._switch_ps if job.begun else 0)
        else:
            self._idle_since_ps[core] = self._env.now
            heapq.heappush(self._idle, core)
        stretch.job.done.occur()

    def _record(self, stretch: _Stretch) -> None:
        core, job, start_ps, now = stretch.core, stretch.job, stretch.start_ps, self._env.now
        if now == start_ps:
            return
        self._ran.append(Busy(core, start_ps, now, self._clock.power_uw))
        if self._recorder.trace:
            self._recorder.span(
                f"cpu{core}", job.name, start_ps, now, job.step, asked_ps=job.asked_ps, request=job.request
            )

    def _govern(self, clocks: list[CoreClock]) -> Generator[simpy.Event, object, None]:
        """SimPy process: choose the clock of the next period by the load of the busiest core in the last."""
        period_ps = round(self._spec.governor_period_ms * 1e9)
        while True:
            before_ps = self._env.now
            yield self._env.timeout(period_ps)
            chosen = next_clock(clocks, self._clock, self._busiest_ps(before_ps) / period_ps)
            if chosen != self._clock:
                self._change_clock(chosen)

    def _busiest_ps(self, since_ps: int) -> int:
        busy = [0] * self._spec.cores
        for stretch in reversed(self._ran):
            if stretch.end_ps <= since_ps:
                break
            busy[stretch.core] += stretch.end_ps - max(stretch.start_ps, since_ps)
        for core, running in self._running.items():
            busy[core] += self._env.now - max(running.start_ps, since_ps)
        return max(busy)

    def _change_clock(self, clock: CoreClock) -> None:
        """Stop every job, and let it go on at once at the new clock."""
        stopped = [(core, self._stop(core)) for core in sorted(self._running)]
        self._clock = clock
        for core, running in stopped:
            self._start(core, running.job, max(0, running.begins_ps - self._env.now))
