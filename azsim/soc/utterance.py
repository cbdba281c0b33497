"""One utterance on the device: the microphone releases steps, the chain of jobs follows, music plays beside it.

::

    release k ──> front end k (cpu) ──┐
                                      v
    ... step k-1's last job ──> encoder, joint (npu) ──> search (cpu) ──> step k+1 ...      end-point ──> final words
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import simpy

from azsim.arbitration import Traffic
from azsim.chip.schedule import Sections, TileSchedule
from azsim.devices.spec import Device
from azsim.errors import InputError, located
from azsim.soc.companions import Companion, start_companions
from azsim.soc.device import DeviceSimulation
from azsim.soc.downstream import Asking, Downstream, DownstreamChoice
from azsim.soc.idle import idle_usage
from azsim.soc.job_graph import PS_PER_MS, JobGraph, Schedules
from azsim.soc.latency import end_pointing_ps, split_latency
from azsim.soc.link import ALWAYS_UP, LinkTrace
from azsim.soc.music import MusicTrack
from azsim.soc.timeline import LatencyParts, Timeline
from azsim.soc.trace import FIRST_MINUTE_PS, Window
from azsim.soc.traffic import brought_clients, start_traffic
from azsim.speech.work import RECOGNISER, Work

END_POINTER = "end-pointer"
"""The stage whose events work downstream follows."""


def simulate(
    device: Device,
    work: Work,
    schedules: Schedules,
    *,
    music: MusicTrack | None,
    seed: int = 0,
    trace: bool = False,
    window_ps: Window = FIRST_MINUTE_PS,
    peak_sram_bytes: int = 0,
    link: LinkTrace = ALWAYS_UP,
    companions: Sequence[Companion] = (),
    traffic: Sequence[Traffic] = (),
    downstream: DownstreamChoice | None = None,
    asking: Callable[[DeviceSimulation], Asking] | None = None,
) -> Timeline:
    """Replay an utterance's work on a device, from its first sample to the final words.

    Nothing goes up: speech stays on the device, unless work downstream asks the cloud. Where it does, the timeline ends
    when the answer is there; else it ends at the final words, and the work goes on beyond.

    Args:
        device: its description.
        work: what was computed when.
        schedules: for every NPU program that ``work`` names.
        music: what plays beside it, None for silence.
        seed: of the music's position and phase, and of the network.
        trace: keep spans, counters, tiles and grants (for figures and the trace file).
        window_ps: where the trace keeps tiles and single grants.
        peak_sram_bytes: most on-chip memory in use, as the residency plan has it (`ResidencyPlan.peak_bytes`).
        link: when there is a wireless link, and how fast; it carries the music.
        companions: other networks on the neural processor from time 0 on; energy without speech is without them too.
        traffic: of clients that stages bring to the memory, from time 0 on; likewise.
        downstream: what follows the words; None for nothing. Without words nothing follows.
        asking: of its ``cloud``: makes what asks, on this device.

    Raises:
        InputError: a job has no schedule.
    """
    check_schedules(device, work, schedules)
    brought = brought_clients(traffic)
    simulation = DeviceSimulation(device, music, seed, trace=trace, window_ps=window_ps, link=link, brought=brought)
    start_traffic(simulation, traffic, seed)
    records = start_companions(simulation, companions, seed)
    following = None
    if downstream is not None and work.last_label_step >= 0:
        following = Downstream(simulation.env, downstream, asking and asking(simulation))
    chain = SpeechChain(simulation, work, schedules, downstream=following)
    simulation.env.run(until=simulation.env.process(chain.run()))
    if following is not None and asking is not None and not following.delivered.processed:
        simulation.env.run(until=following.delivered)
    simulation.finish()
    mark(simulation, chain)
    beside = {record.name: replace(record, responses_ps=record.responses_ps.copy()) for record in records}
    played = simulation.timeline(work.utterance, idle_usage(device, music, seed, simulation.env.now, link))
    if following is not None and not following.delivered.processed:
        simulation.env.run(until=following.delivered)
    return replace(
        played,
        downstream=following.record() if following else None,
        step_release_ps=chain.release_ps,
        step_done_ps=chain.done_ps,
        deadline_misses=len(chain.missed_steps()),
        first_partial_ps=chain.first_partial_ps(),
        known_ps=chain.known_ps(),
        latency=chain.latency() if work.last_label_step >= 0 else None,
        early_cut=work.premature,
        peak_sram_bytes=peak_sram_bytes,
        companions=beside,
    )


class SpeechChain:
    """One utterance on the device, from its first sample to the final words.

    Args:
        start_ps: when its first sample is heard.
        first_step: number that its step 0 has in spans, where the device hears several utterances.
        downstream: what follows its words.

    Attributes:
        work: the utterance.
        start_ps, first_step: as given.
        endpoint_ps: when the end-point rule fires.
        final_ps: when the final words were usable, -1 before.
        release_ps, done_ps: int64 ``(steps,)``.
    """

    def __init__(
        self,
        simulation: DeviceSimulation,
        work: Work,
        schedules: Schedules,
        start_ps: int = 0,
        first_step: int = 0,
        downstream: Downstream | None = None,
    ) -> None:
        self._env = simulation.env
        self._downstream = downstream
        self._told = [event for event in work.events if event.stage == END_POINTER] if downstream else []
        told = [event.job for event in self._told]
        self._graph = JobGraph(simulation, work, schedules, start_ps, first_step, told)
        self.work = work
        self.start_ps = start_ps
        self.first_step = first_step
        self.endpoint_ps = start_ps + work.endpoint_ms * PS_PER_MS
        self.release_ps = start_ps + _releases_ps(work)
        self.done_ps = self.release_ps.copy()
        self.final_ps = -1

    def run(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: ends when the final words are usable and every other stage is through."""
        env = self._env
        telling = env.process(self._tell()) if self._downstream else None
        yield from self._graph.run_recogniser()
        if env.now < self.endpoint_ps:
            yield env.timeout(self.endpoint_ps - env.now)
        if telling is not None and not telling.processed:
            yield telling
        self.final_ps = env.now
        if self._downstream:
            self._downstream.committed()
        for step, done_ps in self._graph.done_ps.items():
            self.done_ps[step] = done_ps
        yield from self._graph.run_rest()

    def _tell(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: what the end-pointer decided, each when it is known on the device."""
        env = self._env
        for event in self._told:
            ended = self._graph.ended(event.job)
            if ended is not None and not ended.processed:
                yield ended
            heard_ps = self.start_ps + event.time_ms * PS_PER_MS
            if env.now < heard_ps:
                yield env.timeout(heard_ps - env.now)
            if event.kind == "told":
                self._downstream.told()
            else:
                self._downstream.reset()

    @property
    def stages_ps(self) -> dict[str, int]:
        """Stage other than the recogniser -> when the last of its jobs ended."""
        return self._graph.stages_ps

    def known_ps(self) -> np.ndarray:
        """When each event of the work was known, int64; -1: its job has not run."""
        found = []
        for event in self.work.events:
            heard_ps = self.start_ps + event.time_ms * PS_PER_MS
            ended_ps = heard_ps if event.job < 0 else self._graph.known_ps.get(event.job, -1)
            found.append(ended_ps if ended_ps < 0 else max(ended_ps, heard_ps))
        return np.array(found, np.int64)

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
        graph = self._graph
        return split_latency(
            end_pointing_ps(self.work), self.endpoint_ps, self.final_ps, graph.last_step, graph.stretches
        )


def _releases_ps(work: Work) -> np.ndarray:
    """Release of each step: that of the processor's first job in it, or the end of the step's sound without one."""
    release_ms = (np.arange(work.steps, dtype=np.int64) + 1) * work.step_ms
    for job in reversed(work.jobs):
        if job.engine == "npu" and job.stage == RECOGNISER and job.step < work.steps and job.release_ms:
            release_ms[job.step] = job.release_ms
    return release_ms * PS_PER_MS


def check_schedules(device: Device, work: Work, schedules: Schedules) -> None:
    """Refuse work whose jobs lack a schedule, or are no task of the device's cores.

    Raises:
        InputError: one does, or is none.
    """
    with located(f"{work.utterance}: device {device.name}"):
        for task in dict.fromkeys(job.name for job in work.jobs if job.engine == "cpu"):
            device.cpu.task(task)
    for job in work.jobs:
        if job.engine != "npu":
            continue
        if job.schedule not in schedules:
            known = ", ".join(sorted(schedules)) or "none"
            raise InputError(f"{work.utterance}: job {job.schedule!r}: no schedule of that name; there are {known}")
        schedule = schedules[job.schedule]
        if isinstance(schedule, TileSchedule | Sections):
            continue
        if job.invocation not in (schedule if isinstance(schedule, Mapping) else range(len(schedule))):
            raise InputError(
                f"{work.utterance}: job {job.schedule!r}: invocation {job.invocation}: there are {len(schedule)} "
                "schedules, none of it"
            )


def mark(simulation: DeviceSimulation, chain: SpeechChain) -> None:
    """Record what happened when in the utterance of a chain that has ended."""
    recorder, work = simulation.recorder, chain.work
    if work.speech_end_ms is not None:
        recorder.instant("microphone", "true end of speech", chain.start_ps + work.speech_end_ms * PS_PER_MS)
    recorder.instant("npu", "end-point", chain.endpoint_ps)
    if chain.first_partial_ps() >= 0:
        recorder.instant("npu", "first word", int(chain.done_ps[work.first_label_step]))
    recorder.instant("npu", "final words", chain.final_ps)
    for step in chain.missed_steps():
        recorder.instant("npu", "deadline miss", int(chain.done_ps[step]))
