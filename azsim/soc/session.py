"""A long stretch of device time: utterances at given times, music and whatever else throughout, one record of it all.

::

    0 s        20 s        40 s        60 s                      3600 s
    |utterance |utterance  |utterance  |...                          |
    |music, microphone, other traffic, other networks ...............|

The recogniser takes one utterance after another: one that comes while the last is not through waits for it. What was
computed for an utterance (`Work`) and what it costs (schedules) is made before, once, however often it is heard.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import simpy

from azsim.arbitration import Traffic
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.soc.companions import Companion, start_companions
from azsim.soc.device import DeviceSimulation
from azsim.soc.link import ALWAYS_UP, LinkTrace
from azsim.soc.memory import ClientTraffic
from azsim.soc.music import MusicTrack
from azsim.soc.timeline import LatencyParts, Timeline
from azsim.soc.trace import FIRST_MINUTE_PS, Window
from azsim.soc.traffic import brought_clients, start_traffic
from azsim.soc.utterance import Schedules, SpeechChain, check_schedules, mark
from azsim.speech.work import Work


@dataclass(frozen=True, slots=True)
class Speech:
    """An utterance to be heard.

    Attributes:
        start_ps: when its first sample is heard.
        work: what was computed for it.
        schedules: for every NPU program that ``work`` names.
    """

    start_ps: int
    work: Work
    schedules: Schedules


@dataclass(frozen=True, slots=True)
class UtteranceOutcome:
    """What became of one utterance.

    Attributes:
        utterance: its name.
        start_ps: when its first sample was heard.
        first_step: number of its first step among those of the session.
        final_ps: when its final words were usable.
        latency: true end of speech to final words; None if nothing was recognised.
        early_cut: words were recognised after the end-point, so that they are missing.
        first_partial_ps: as in `Timeline`.
        steps, deadline_misses: steps in all, and those that ended after the next one's release.
    """

    utterance: str
    start_ps: int
    first_step: int
    final_ps: int
    latency: LatencyParts | None
    early_cut: bool
    first_partial_ps: int
    steps: int
    deadline_misses: int


@dataclass(frozen=True, slots=True)
class Session:
    """A session, as a whole and utterance by utterance.

    Attributes:
        timeline: of the whole; its latency is None, its steps are those of all utterances one after another.
        utterances: those whose words came before the end.
        traffic: memory client -> what it moved and how long it waited.
        periods: of music that were due.
    """

    timeline: Timeline
    utterances: tuple[UtteranceOutcome, ...]
    traffic: dict[str, ClientTraffic]
    periods: int

    @property
    def told(self) -> list[tuple[str, int, int]]:
        """Name, first step and start of each utterance, as the trace wants them."""
        return [(one.utterance, one.first_step, one.start_ps) for one in self.utterances]


def simulate_session(
    device: Device,
    speech: Sequence[Speech],
    *,
    elapsed_ps: int,
    music: MusicTrack | None,
    seed: int = 0,
    traffic: Sequence[Traffic] = (),
    companions: Sequence[Companion] = (),
    trace: bool = False,
    window_ps: Window = FIRST_MINUTE_PS,
    peak_sram_bytes: int = 0,
    link: LinkTrace = ALWAYS_UP,
) -> Session:
    """Let a device run for ``elapsed_ps``; with one utterance at time 0 it does what `simulate` does.

    Args:
        device: its description.
        speech: utterances in order of their start.
        elapsed_ps: when the session ends; utterances not through by then are left out.
        traffic: what else moves through the memory, each from a drawn part of its period on.
        companions: other networks on the neural processor.
        music, seed, trace, window_ps, peak_sram_bytes, link: as in `simulate`.

    Raises:
        InputError: a job has no schedule, or an utterance starts before the one before it.
    """
    for before, after in pairwise(speech):
        if after.start_ps < before.start_ps:
            raise InputError(f"{after.work.utterance}: starts before {before.work.utterance}, which is heard earlier")
    for one in speech:
        check_schedules(device, one.work, one.schedules)
    brought = brought_clients(traffic)
    simulation = DeviceSimulation(device, music, seed, trace=trace, window_ps=window_ps, link=link, brought=brought)
    chains = _chains(simulation, speech)
    start_traffic(simulation, traffic, seed)
    records = start_companions(simulation, companions, seed)
    simulation.env.process(_listen(simulation, chains))
    simulation.env.run(until=elapsed_ps)
    simulation.finish()
    through = [chain for chain in chains if chain.final_ps >= 0]
    for chain in through:
        mark(simulation, chain)
    nothing = np.zeros(0, np.int64)
    timeline = replace(
        simulation.timeline(f"{len(through)} utterances", _quiet(device, music, seed, link, elapsed_ps).usage()),
        step_release_ps=np.concatenate([nothing, *(chain.release_ps for chain in through)]),
        step_done_ps=np.concatenate([nothing, *(chain.done_ps for chain in through)]),
        deadline_misses=sum(len(chain.missed_steps()) for chain in through),
        peak_sram_bytes=peak_sram_bytes,
        companions={record.name: record for record in records},
    )
    return Session(
        timeline=timeline,
        utterances=tuple(_outcome(chain) for chain in through),
        traffic=dict(simulation.memory.traffic()),
        periods=_periods(simulation, elapsed_ps),
    )


def _chains(simulation: DeviceSimulation, speech: Sequence[Speech]) -> list[SpeechChain]:
    chains, first_step = [], 0
    for one in speech:
        chains.append(SpeechChain(simulation, one.work, one.schedules, one.start_ps, first_step))
        first_step += one.work.steps
    return chains


def _listen(simulation: DeviceSimulation, chains: Sequence[SpeechChain]) -> Generator[simpy.Event, object, None]:
    """SimPy process: one utterance after another."""
    env = simulation.env
    for chain in chains:
        if env.now < chain.start_ps:
            yield env.timeout(chain.start_ps - env.now)
        yield from chain.run()


def _outcome(chain: SpeechChain) -> UtteranceOutcome:
    work = chain.work
    return UtteranceOutcome(
        utterance=work.utterance,
        start_ps=chain.start_ps,
        first_step=chain.first_step,
        final_ps=chain.final_ps,
        latency=chain.latency() if work.last_label_step >= 0 else None,
        early_cut=work.premature,
        first_partial_ps=chain.first_partial_ps(),
        steps=len(chain.release_ps),
        deadline_misses=len(chain.missed_steps()),
    )


def _periods(simulation: DeviceSimulation, elapsed_ps: int) -> int:
    playback = simulation.playback
    if playback is None:
        return 0
    period_ps = playback.period_start_ps(2) - playback.period_start_ps(1)
    return max(0, (elapsed_ps - playback.period_start_ps(1)) // period_ps + 1)


def _quiet(device: Device, music: MusicTrack | None, seed: int, link: LinkTrace, elapsed_ps: int) -> DeviceSimulation:
    """The same device for the same time without speech or traffic; too long to be kept as `idle_usage` does."""
    simulation = DeviceSimulation(device, music, seed, link=link)
    simulation.env.run(until=elapsed_ps)
    return simulation
