"""One utterance on the device: the microphone releases steps, the chain of jobs follows, music plays beside it.

::

    release k ──> front end k (cpu) ──┐
                                      v
    ... step k-1's last job ──> encoder, joint (npu) ──> search (cpu) ──> step k+1 ...      end-point ──> final words
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import simpy

from azsim.chip.schedule import Sections, TileSchedule
from azsim.devices.cpu_spec import CpuSpec
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.soc.companions import Companion, start_companions
from azsim.soc.device import DeviceSimulation
from azsim.soc.environment import Moment
from azsim.soc.idle import idle_usage
from azsim.soc.latency import ChainStretch, split_latency
from azsim.soc.link import ALWAYS_UP, LinkTrace
from azsim.soc.music import MusicTrack
from azsim.soc.timeline import LatencyParts, Timeline
from azsim.soc.trace import FIRST_MINUTE_PS, Window
from azsim.speech.work import Job, Work

PS_PER_MS = 10**9

Schedules = Mapping[str, TileSchedule | Sections | Sequence[TileSchedule | Sections]]
"""NPU program -> its schedule, or one schedule per invocation."""


def simulate(
    device: Device,
    work: Work,
    schedules: Schedules,
    *,
    music: MusicTrack | None,
    seed: int = 0,
    trace: bool = False,
    window_ps: Window = FIRST_MINUTE_PS,
    resident_bytes: int = 0,
    link: LinkTrace = ALWAYS_UP,
    companions: Sequence[Companion] = (),
) -> Timeline:
    """Replay an utterance's work on a device, from its first sample to the final words.

    Nothing goes up: speech stays on the device.

    Args:
        device: its description.
        work: what was computed when.
        schedules: for every NPU program that ``work`` names.
        music: what plays beside it, None for silence.
        seed: of the music's position and phase, and of the network.
        trace: keep spans, counters, tiles and grants (for figures and the trace file).
        window_ps: where the trace keeps tiles and single grants.
        resident_bytes: weights that stay in the processor's memory.
        link: when there is a wireless link, and how fast; it carries the music.
        companions: other networks on the neural processor from time 0 on; energy without speech is without them too.

    Raises:
        InputError: a job has no schedule.
    """
    check_schedules(work, schedules)
    simulation = DeviceSimulation(device, music, seed, trace=trace, window_ps=window_ps, link=link)
    records = start_companions(simulation, companions, seed)
    chain = SpeechChain(simulation, work, schedules)
    simulation.env.run(until=simulation.env.process(chain.run()))
    simulation.finish()
    mark(simulation, chain)
    return replace(
        simulation.timeline(work.utterance, idle_usage(device, music, seed, simulation.env.now, link)),
        step_release_ps=chain.release_ps,
        step_done_ps=chain.done_ps,
        deadline_misses=len(chain.missed_steps()),
        first_partial_ps=chain.first_partial_ps(),
        latency=chain.latency() if work.last_label_step >= 0 else None,
        early_cut=work.endpoint_ms < work.speech_end_ms,
        peak_sram_bytes=resident_bytes + working_bytes(device),
        companions={record.name: record for record in records},
    )


def working_bytes(device: Device) -> int:
    """On-chip memory in use beside resident weights: activations, tile buffers, and the music ring if it lies there."""
    sram, audio = device.chip.sram, device.audio
    frame_bytes = audio.playback_channels * audio.playback_bytes_per_sample
    ring = audio.periods * audio.period_frames * frame_bytes if audio.ring == "sram" else 0
    return sram.activation_bytes + (sram.fetch_buffers + sram.weight_buffers) * sram.tile_positions + ring


class SpeechChain:
    """The jobs of one utterance that the end-point has released, in order.

    Args:
        start_ps: when its first sample is heard.
        first_step: number that its step 0 has in spans, where the device hears several utterances.

    Attributes:
        work: the utterance.
        start_ps, first_step: as given.
        endpoint_ps: when the end-point rule fires.
        final_ps: when the final words were usable, -1 before.
        release_ps, done_ps: int64 ``(steps,)``.
    """

    def __init__(
        self, simulation: DeviceSimulation, work: Work, schedules: Schedules, start_ps: int = 0, first_step: int = 0
    ) -> None:
        self._simulation = simulation
        self._env = simulation.env
        self.work = work
        self.start_ps = start_ps
        self.first_step = first_step
        self._schedules = schedules
        self._jobs = [job for job in work.jobs if job.release_ms <= work.endpoint_ms]
        self._front_ends = {index: Moment(self._env) for index, job in enumerate(self._jobs) if job.name == "frontend"}
        self._stretches: list[ChainStretch] = []
        self.endpoint_ps = start_ps + work.endpoint_ms * PS_PER_MS
        self._last_step = max((job.step for job in self._jobs), default=-1)
        self.release_ps = start_ps + _releases_ps(work)
        self.done_ps = self.release_ps.copy()
        self.final_ps = -1

    def run(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: ends when the final words are usable."""
        env = self._env
        env.process(self._run_front_ends())
        done_ps = memoryview(self.done_ps)
        for index, job in enumerate(self._jobs):
            start_ps = max(env.now, self._release_ps(job))
            if job.name == "frontend":
                if not self._front_ends[index].processed:
                    yield self._front_ends[index]
            else:
                if env.now < start_ps:
                    yield env.timeout(start_ps - env.now)
                yield from self._execute(job)
            if job.step == self._last_step:
                self._stretches.append(ChainStretch(job.engine, job.step, start_ps, env.now))
            done_ps[job.step] = env.now
        if env.now < self.endpoint_ps:
            yield env.timeout(self.endpoint_ps - env.now)
        self.final_ps = env.now

    def _run_front_ends(self) -> Generator[simpy.Event, object, None]:
        env, cpu = self._env, self._simulation.cpu
        for index, done in self._front_ends.items():
            job = self._jobs[index]
            release_ps = self._release_ps(job)
            if env.now < release_ps:
                yield env.timeout(release_ps - env.now)
            clean = self._simulation.clean_from(release_ps)
            if clean is not None:
                yield clean
            cycles = _cycles(job, self._simulation.device.cpu)
            cpu.run(job.name, cycles, task="frontend", step=self.first_step + job.step, done=done)

    def _release_ps(self, job: Job) -> int:
        return self.start_ps + job.release_ms * PS_PER_MS

    def _execute(self, job: Job) -> Generator[simpy.Event, object, None]:
        step = self.first_step + job.step
        if job.engine == "cpu":
            yield self._simulation.cpu.run(job.name, _cycles(job, self._simulation.device.cpu), step=step)
            return
        schedule = self._schedules[job.name]
        one = isinstance(schedule, TileSchedule | Sections)
        for unit in range(job.units):
            chosen = schedule if one else schedule[job.invocation + unit]
            yield from self._simulation.run_schedule(chosen, step)

    def missed_steps(self) -> list[int]:
        """Steps that ended after the next step's release (the last steps of a recording share theirs: a step later)."""
        step_ps = self.work.step_ms * PS_PER_MS
        following = np.append(self.release_ps[1:], 0)
        deadline = np.maximum(following, self.release_ps + step_ps)
        return np.flatnonzero(self.done_ps > deadline).tolist()

    def first_partial_ps(self) -> int:
        """From the release of the first label's step to the end of its jobs, -1 without a label."""
        step = self.work.first_label_step
        return int(self.done_ps[step] - self.release_ps[step]) if 0 <= step < len(self.done_ps) else -1

    def latency(self) -> LatencyParts:
        """Parts of the wait for the final words."""
        speech_end_ps = self.start_ps + self.work.speech_end_ms * PS_PER_MS
        return split_latency(speech_end_ps, self.endpoint_ps, self.final_ps, self._last_step, self._stretches)


def _releases_ps(work: Work) -> np.ndarray:
    """Release of each step: that of the processor's first job in it, or the end of the step's sound without one."""
    release_ms = (np.arange(work.steps, dtype=np.int64) + 1) * work.step_ms
    for job in reversed(work.jobs):
        if job.engine == "npu" and job.step < work.steps and job.release_ms:
            release_ms[job.step] = job.release_ms
    return release_ms * PS_PER_MS


def _cycles(job: Job, cpu: CpuSpec) -> int:
    each = cpu.frontend_cycles_per_frame if job.name == "frontend" else cpu.search_cycles_per_hypothesis
    return each * job.units


def check_schedules(work: Work, schedules: Schedules) -> None:
    """Refuse work whose jobs lack a schedule.

    Raises:
        InputError: one does.
    """
    for job in work.jobs:
        if job.engine != "npu":
            continue
        if job.name not in schedules:
            known = ", ".join(sorted(schedules)) or "none"
            raise InputError(f"{work.utterance}: job {job.name!r}: no schedule of that name; there are {known}")
        schedule = schedules[job.name]
        if not isinstance(schedule, TileSchedule | Sections) and not 0 <= job.invocation <= len(schedule) - job.units:
            raise InputError(
                f"{work.utterance}: job {job.name!r}: invocation {job.invocation}: there are {len(schedule)} schedules"
            )


def mark(simulation: DeviceSimulation, chain: SpeechChain) -> None:
    """Record what happened when in the utterance of a chain that has ended."""
    recorder, work = simulation.recorder, chain.work
    recorder.instant("microphone", "true end of speech", chain.start_ps + work.speech_end_ms * PS_PER_MS)
    recorder.instant("npu", "end-point", chain.endpoint_ps)
    if chain.first_partial_ps() >= 0:
        recorder.instant("npu", "first word", int(chain.done_ps[work.first_label_step]))
    recorder.instant("npu", "final words", chain.final_ps)
    for step in chain.missed_steps():
        recorder.instant("npu", "deadline miss", int(chain.done_ps[step]))
