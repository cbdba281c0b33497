"""The jobs of one utterance on the device: each runs once its predecessors have ended and it is released.

::

    released by the microphone:  front end k (cpu) ──┐
                                                     v
    thread of the recogniser:    ... last job of step k-1 ──> encoder, joint (npu) ──> search (cpu) ──> step k+1 ...
    thread of another stage:                              └──> its own jobs ──> ...

Jobs of a stage that follow one another form a thread, one process of the simulation; a job that another thread waits
for has an event. Jobs of the cores without a predecessor start when their sound is there, free of echo.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence

import simpy

from azsim.chip.schedule import Sections, TileSchedule
from azsim.devices.cpu_spec import CpuSpec
from azsim.soc.device import DeviceSimulation
from azsim.soc.environment import TimedEvent
from azsim.soc.latency import ChainStretch
from azsim.speech.work import RECOGNISER, Job, Work

PS_PER_MS = 10**9

Run = TileSchedule | Sections
Schedules = Mapping[str, Run | Sequence[Run] | Mapping[int, Run]]
"""NPU program, as `Job.schedule` calls it -> its schedule, or one by invocation."""


def run_of(job: Job, schedules: Schedules) -> Run:
    """What one job asks of the processor."""
    found = schedules[job.schedule]
    return found if isinstance(found, TileSchedule | Sections) else found[job.invocation]


def kept_until(work: Work, endpoint_ms: int) -> list[int]:
    """Places of the jobs that are released by then and wait for nothing that is not."""
    kept: dict[int, None] = {}
    for place, job in enumerate(work.jobs):
        if job.release_ms <= endpoint_ms and all(before in kept for before in job.after):
            kept[place] = None
    return list(kept)


def threads_of(jobs: Sequence[Job], places: Sequence[int]) -> list[list[int]]:
    """Jobs gathered into threads, in order of their first jobs; jobs of the cores without a predecessor are in none.

    A job continues the thread that ends with the latest of its predecessors, if that is of the same stage.
    """
    threads: list[list[int]] = []
    ending: dict[int, list[int]] = {}
    for place in places:
        job = jobs[place]
        if _is_released(job):
            continue
        open_ends = [before for before in job.after if before in ending and jobs[before].stage == job.stage]
        if open_ends:
            thread = ending.pop(max(open_ends))
        else:
            thread = []
            threads.append(thread)
        thread.append(place)
        ending[place] = thread
    return threads


class JobGraph:
    """The jobs of an utterance that are released until its end-point, run on a device.

    Args:
        simulation: the device.
        work: the utterance.
        schedules: of every NPU program that ``work`` names.
        start_ps: when its first sample is heard.
        first_step: number that its step 0 has in spans.
        told: places of jobs whose ends somebody outside waits for (`ended`).

    Attributes:
        last_step: the last step that the final words need.
        stretches: of the recogniser's thread in that step.
        done_ps: step -> when its last job of the recogniser ended.
        stages_ps: other stage -> when its last job ended.
        known_ps: place of a job that makes an event of the work known -> when it ended.
    """

    def __init__(
        self,
        simulation: DeviceSimulation,
        work: Work,
        schedules: Schedules,
        start_ps: int,
        first_step: int,
        told: Sequence[int] = (),
    ) -> None:
        self._simulation = simulation
        self._env = simulation.env
        self._jobs = work.jobs
        self._schedules = schedules
        self._start_ps = start_ps
        self._first_step = first_step
        places = kept_until(work, work.endpoint_ms)
        self._released = [
            place for place in places if not self._jobs[place].after and self._jobs[place].engine == "cpu"
        ]
        self._threads = threads_of(self._jobs, places)
        wanted = self._released + self._waited_for() + [place for place in places if place in set(told)]
        self._ended = {place: TimedEvent(self._env) for place in dict.fromkeys(wanted)}
        own = [place for place in places if self._jobs[place].stage == RECOGNISER]
        self._last = max((thread for thread in self._threads if thread[-1] in own), default=[], key=lambda one: one[-1])
        self.last_step = max((self._jobs[place].step for place in own), default=-1)
        self.stretches: list[ChainStretch] = []
        self.done_ps: dict[int, int] = {}
        self.stages_ps: dict[str, int] = {}
        self.known_ps: dict[int, int] = {}
        self._telling = {event.job for event in work.events}

    def ended(self, place: int) -> TimedEvent | None:
        """The end of a job of ``told``; None of one that does not run."""
        return self._ended.get(place)

    def _waited_for(self) -> list[int]:
        """Jobs that a thread other than their own waits for."""
        found: dict[int, None] = {}
        for thread in self._threads:
            for previous, place in zip([-1, *thread], thread):
                found |= dict.fromkeys(before for before in self._jobs[place].after if before != previous)
        return [place for place in found if place not in self._released]

    def run_recogniser(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: start every thread; ends when the recogniser's jobs have run."""
        env = self._env
        env.process(self._release())
        others = [(thread, env.process(self._run(thread))) for thread in self._threads if thread is not self._last]
        self._others = [process for thread, process in others if self._jobs[thread[0]].stage != RECOGNISER]
        yield from self._run(self._last)
        own = [process for _, process in others if process not in self._others]
        if own:
            yield env.all_of(own)
        yield from self._wait_for_released(lambda job: job.stage == RECOGNISER)

    def run_rest(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: ends when the jobs of all other stages have run."""
        if self._others:
            yield self._env.all_of(self._others)
        yield from self._wait_for_released(lambda job: job.stage != RECOGNISER)

    def _wait_for_released(self, chosen: Callable[[Job], bool]) -> Generator[simpy.Event, object, None]:
        """SimPy process: ends when the chosen jobs that started with their sound have run."""
        for place in self._released:
            job, ended = self._jobs[place], self._ended[place]
            if chosen(job):
                if not ended.processed:
                    yield ended
                self._end(place, ended.value)

    def _release(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: jobs of the cores, each when its sound is there."""
        env, cpu = self._env, self._simulation.cpu
        for place in self._released:
            job = self._jobs[place]
            release_ps = self._release_ps(job)
            if env.now < release_ps:
                yield env.timeout(release_ps - env.now)
            clean = self._simulation.clean_from(release_ps)
            if clean is not None:
                yield clean
            cycles = _cycles(job, self._simulation.device.cpu)
            cpu.run(job.name, cycles, task=job.name, step=self._first_step + job.step, done=self._ended[place])

    def _run(self, thread: Sequence[int]) -> Generator[simpy.Event, object, None]:
        """SimPy process: the jobs of a thread, one after another."""
        env = self._env
        previous = -1
        for place in thread:
            job = self._jobs[place]
            for before in job.after:
                if before != previous:
                    start_ps = max(env.now, self._release_ps(self._jobs[before]))
                    if not self._ended[before].processed:
                        yield self._ended[before]
                    self._wait_ended(thread, self._jobs[before], start_ps)
            start_ps = max(env.now, self._release_ps(job))
            if env.now < start_ps:
                yield env.timeout(start_ps - env.now)
            yield from self._execute(job)
            self._wait_ended(thread, job, start_ps)
            self._end(place, env.now)
            if place in self._ended:
                self._ended[place].occur()
            previous = place

    def _end(self, place: int, ended_ps: int) -> None:
        """Keep when a step of the recogniser, or another stage, was through, and what is known now."""
        job = self._jobs[place]
        if place in self._telling:
            self.known_ps[place] = ended_ps
        if job.stage == RECOGNISER:
            self.done_ps[job.step] = max(ended_ps, self.done_ps.get(job.step, 0))
        else:
            self.stages_ps[job.stage] = max(ended_ps, self.stages_ps.get(job.stage, 0))

    def _wait_ended(self, thread: Sequence[int], job: Job, start_ps: int) -> None:
        """Keep what the recogniser's thread waited for in its last step."""
        if thread is self._last and job.step == self.last_step and job.stage == RECOGNISER:
            self.stretches.append(ChainStretch(job.engine, job.step, start_ps, self._env.now))

    def _release_ps(self, job: Job) -> int:
        return self._start_ps + job.release_ms * PS_PER_MS

    def _execute(self, job: Job) -> Generator[simpy.Event, object, None]:
        step = self._first_step + job.step
        if job.engine == "cpu":
            cycles = _cycles(job, self._simulation.device.cpu)
            yield self._simulation.cpu.run(job.name, cycles, task=job.name, step=step)
            return
        priority = None if job.priority < 0 else job.priority
        yield from self._simulation.run_schedule(run_of(job, self._schedules), step, priority)


def _is_released(job: Job) -> bool:
    """Whether it starts as soon as its sound is there."""
    return not job.after and job.engine == "cpu"


def _cycles(job: Job, cpu: CpuSpec) -> int:
    task = cpu.task(job.name)
    return task.cycles_per_call + task.cycles_per_unit * job.units + job.more_cycles
