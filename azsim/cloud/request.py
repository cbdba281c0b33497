"""One request, asked of the device, of the cloud, or of both on one device: who answers, when, and what it took.

::

    device:   microphone ──> recogniser on the device ─────────────────────────────> words
    cloud:    microphone ──> radio ──> server ──> radio ───────────────────────────> words, or none
    lattice:  the device's lattice goes up with its words; the cloud's reranked ones are taken if they come in time
    hybrid:   both run, and the device's end-point closes the request on both; the device's words wait
              `network.hybrid_wait_ms` for the cloud's (larger model) while there is a link
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import simpy

from azsim.cloud.lattice_uplink import LatticeUplink
from azsim.cloud.streaming import AudioStream, refuse_if_local
from azsim.cloud.traffic import AudioTraffic, LatticeTraffic
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.soc.device import DeviceSimulation
from azsim.soc.energy import device_energy
from azsim.soc.idle import idle_usage
from azsim.soc.link import ALWAYS_UP, LinkTrace
from azsim.soc.music import MusicTrack
from azsim.soc.network import Kind
from azsim.soc.utterance import PS_PER_MS, Schedules, SpeechChain, check_schedules
from azsim.speech.work import Work

AskedPath = Literal["device", "cloud", "hybrid", "lattice"]
Answerer = Literal["device", "cloud", "nobody"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request.

    Attributes:
        by: whose words were taken.
        latency_ps: true end of speech to the words; None without words, or where that end is not known or came after
            the end-point.
        elapsed_ps: first sample to the words, or to giving up.
        uplink_bytes: over the air, by kind.
        downlink_bytes: over the air, music included.
        energy_pj, energy_idle_pj: of the device over that time, and of the same time without speech.
    """

    by: Answerer
    latency_ps: int | None
    elapsed_ps: int
    uplink_bytes: Mapping[Kind, int]
    downlink_bytes: int
    energy_pj: float
    energy_idle_pj: float


def ask(
    device: Device,
    path: AskedPath,
    on_device: tuple[Work, Schedules],
    in_cloud: Work,
    *,
    link: LinkTrace = ALWAYS_UP,
    music: MusicTrack | None = None,
    seed: int = 0,
    sound: AudioTraffic | None = None,
    lattice: LatticeTraffic | None = None,
) -> Answer:
    """Simulate one request from its first sample until words are there or the device gives up.

    With the local-processing setting on, ``hybrid`` is the device alone; ``lattice`` is as without it.

    Args:
        device: its description.
        path: who is asked.
        on_device: the device's work for this utterance and its schedules; not looked at on the path ``cloud``.
        in_cloud: the times of the same utterance in the cloud; for ``hybrid`` as the device's end-point closes it
            (`azsim.cloud.recogniser.closed_by`); not looked at on the path ``device``.
        link, music, seed: as in `azsim.soc.simulate`.
        sound: packets of the recording; by default all are as large as the device file says.
        lattice: what goes up on the path ``lattice``, which needs it.

    Raises:
        PrivacyError: the path is ``cloud`` and the device's local-processing setting is on.
        InputError: a job of the device has no schedule, or there is no lattice for the path ``lattice``.
    """
    if (path == "lattice") != (lattice is not None):
        raise InputError(f"path {path!r}: a lattice must be given for the path 'lattice', and for no other")
    if path == "cloud":
        refuse_if_local(device)
    if path != "cloud":
        check_schedules(device, *on_device)
    simulation = DeviceSimulation(device, music, seed, link=link)
    chain = SpeechChain(simulation, *on_device) if path != "cloud" else None
    stream = None
    if path in ("cloud", "hybrid") and not device.local_processing:
        stream = AudioStream(simulation, in_cloud, np.random.default_rng([seed, 1]), sound)
    uplink = LatticeUplink(simulation, lattice, np.random.default_rng([seed, 1])) if lattice else None
    by = simulation.env.run(until=simulation.env.process(_first_words(simulation, chain, stream, uplink)))
    elapsed_ps = simulation.env.now
    if stream is not None:
        stream.cancel()
    if uplink is not None:
        uplink.cancel()
    work = chain.work if chain else in_cloud
    idle = idle_usage(device, music, seed, elapsed_ps, link)
    return Answer(
        by=by,
        latency_ps=elapsed_ps - work.speech_end_ms * PS_PER_MS if by != "nobody" and _is_told(work) else None,
        elapsed_ps=elapsed_ps,
        uplink_bytes=simulation.radio.uplink_bytes_by_kind(),
        downlink_bytes=simulation.radio.bytes_moved(up=False),
        energy_pj=sum(device_energy(device, simulation.usage()).values()),
        energy_idle_pj=sum(device_energy(device, idle).values()),
    )


def _is_told(work: Work) -> bool:
    return work.end_pointing_ms is not None


def _first_words(
    simulation: DeviceSimulation,
    chain: SpeechChain | None,
    stream: AudioStream | None,
    uplink: LatticeUplink | None,
) -> Generator[simpy.Event, object, Answerer]:
    """SimPy process: returns who answered."""
    env = simulation.env
    if stream is not None:
        env.process(stream.upload())
    if chain is None:
        yield stream.finished
        return "cloud" if stream.has_words else "nobody"
    if uplink is not None:
        env.process(uplink.open())
    own = env.process(chain.run())
    recognised = chain.work.last_label_step >= 0
    if stream is not None:
        yield own | stream.finished
        if not recognised:
            yield stream.finished
        elif not stream.finished.triggered and simulation.radio.has_link(env.now):
            yield stream.finished | env.timeout(simulation.device.network.hybrid_wait_ms * PS_PER_MS)
        if stream.has_words:
            return "cloud"
    yield own
    if uplink is not None and recognised and simulation.radio.has_link(env.now):
        env.process(uplink.ask())
        yield uplink.answered | env.timeout(simulation.device.network.hybrid_wait_ms * PS_PER_MS)
        if uplink.answered.triggered:
            return "cloud"
    return "device" if recognised else "nobody"
