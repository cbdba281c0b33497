"""The baseline: audio streams to the cloud in short packets while the user speaks, and the final words come back.

::

    microphone ──20 ms──> encode (cpu) ──> radio ──half a round trip──> server ──half a round trip──> radio ──> words
                                             ^ music comes down the same radio; packets wait there for a link

Packets are those that libopus made of the recording, where it is at hand (`azsim.cloud.traffic`); each write of one or
of several is framed. Where the connection was not kept open, opening it comes first.

The server applies the same end-point rule to the same audio. It learns of the end-point's moment when the packet that
holds it arrives; until its answer is on the device, the device goes on sending.

Without a link packets wait in line and the radio tries again (`azsim.soc.network`). The request is lost once sound has
waited longer than the buffer holds, and given up a set time after the end-point.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
import simpy

from azsim.arbitration import NETWORK
from azsim.cloud.connection import half_round_trip_ps, opened
from azsim.cloud.traffic import AudioTraffic, audio_head_bytes, constant_traffic, request_headers_bytes
from azsim.devices.spec import Device
from azsim.errors import PrivacyError
from azsim.soc.device import DeviceSimulation
from azsim.soc.idle import idle_usage
from azsim.soc.latency import end_pointing_ps
from azsim.soc.link import ALWAYS_UP, LinkTrace
from azsim.soc.music import MusicTrack
from azsim.soc.timeline import LatencyParts, Timeline
from azsim.soc.utterance import PS_PER_MS
from azsim.speech.work import Work

OPUS_ENCODE_MHZ = 100.0
"""Clock that encoding 16 kHz speech takes in real time.

**Source:** salivity.github.io, "Opus audio performance on embedded systems": 100 MHz or more on a microcontroller.
"""

RESULT_BYTES = 500
"""The answer where its words are not known: final words and what to do. **Source:** assumed."""


def stream_audio(
    device: Device,
    work: Work,
    *,
    music: MusicTrack | None,
    seed: int = 0,
    trace: bool = False,
    link: LinkTrace = ALWAYS_UP,
    traffic: AudioTraffic | None = None,
    answer_bytes: int = RESULT_BYTES,
    second_pass_ms: float = 0.0,
) -> Timeline:
    """The same utterance recognised in the cloud: what the device does, and when the final words are on it.

    Latency is split into ``backlog`` (waiting for the packet that holds the end-point to fill), ``search`` (encoding,
    and the server's own time) and ``network`` (radio, round trip, packets before it); ``npu`` is 0. There are no steps
    on the device and no partial words. Without an answer the latency is None, and the timeline ends when the device
    gives up.

    Args:
        device: its description; the neural processor stays idle.
        work: for the utterance's times alone; its jobs are not looked at.
        music, seed, trace, link: as in `azsim.soc.simulate`.
        traffic: the recording's packets; by default all are as large as the device file says.
        answer_bytes: of what comes back.
        second_pass_ms: that the server takes to hear the whole again, once it knows the end-point.

    Raises:
        PrivacyError: the device's local-processing setting is on.
    """
    refuse_if_local(device)
    simulation = DeviceSimulation(device, music, seed, trace=trace, link=link)
    stream = AudioStream(simulation, work, np.random.default_rng([seed, 1]), traffic, answer_bytes, second_pass_ms)
    simulation.env.process(stream.upload())
    simulation.env.run(until=stream.finished)
    elapsed_ps = simulation.env.now
    simulation.finish()
    recorder = simulation.recorder
    if work.speech_end_ms is not None:
        recorder.instant("microphone", "true end of speech", work.speech_end_ms * PS_PER_MS)
    recorder.instant("network", "end-point", work.endpoint_ms * PS_PER_MS)
    recorder.instant("network", "final words" if stream.answered else "gave up", elapsed_ps)
    return replace(
        simulation.timeline(work.utterance, idle_usage(device, music, seed, elapsed_ps, link)),
        latency=stream.latency() if stream.has_words else None,
        early_cut=work.premature,
    )


def refuse_if_local(device: Device) -> None:
    """What the cloud's recogniser would need may not leave a device whose local-processing setting is on.

    Raises:
        PrivacyError: the setting is on.
    """
    if device.local_processing:
        raise PrivacyError(
            f"device {device.name}: local_processing = true: the cloud cannot recognise what it may not hear; ask the "
            "device, or set local_processing = false"
        )


class AudioStream:
    """One utterance going up, write by write, and its answer.

    Args:
        simulation: of the device.
        work: the utterance's times.
        rng: of the round trips.
        traffic: sizes of the packets; by default all are as large as the device file says.
        answer_bytes: of what comes back.
        second_pass_ms: that the server takes after its first one.

    Attributes:
        finished: happens when the final words are on the device, or when it gives up.
        answered: the answer is there; it may be that nothing was recognised.
    """

    def __init__(
        self,
        simulation: DeviceSimulation,
        work: Work,
        rng: np.random.Generator,
        traffic: AudioTraffic | None = None,
        answer_bytes: int = RESULT_BYTES,
        second_pass_ms: float = 0.0,
    ) -> None:
        self._simulation = simulation
        self._env = simulation.env
        self._work = work
        self._rng = rng
        spec = simulation.device.network
        self._traffic = traffic or constant_traffic(spec)
        self._answer_bytes = answer_bytes
        self._write_ps = self._traffic.write_ms * PS_PER_MS
        self._encode_cycles = round(OPUS_ENCODE_MHZ * 1e3 * self._traffic.write_ms)
        self._server_ps = round((spec.cloud_rtf * work.step_ms + second_pass_ms) * PS_PER_MS)
        self._buffer_ps = spec.audio_buffer_ms * PS_PER_MS
        self._give_up_ps = (work.endpoint_ms + spec.give_up_ms) * PS_PER_MS
        self._filled_ps = 0
        self._encode_ps = 0
        self.finished = simulation.env.event()
        self.answered = False

    @property
    def has_words(self) -> bool:
        """The answer is there and holds words."""
        return self.answered and self._work.last_label_step >= 0

    def upload(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: open the connection if need be, then capture, encode and send, write after write."""
        env, simulation = self._env, self._simulation
        endpoint_ps = self._work.endpoint_ms * PS_PER_MS
        env.process(self._give_up())
        yield from opened(simulation, self._rng)
        head = request_headers_bytes(simulation.device.network), audio_head_bytes(self._traffic.frame_ms)
        arrived_ps, captured_ps = 0, 0
        for size in self._traffic.writes():
            captured_ps += self._write_ps
            if env.now < captured_ps:
                yield env.timeout(captured_ps - env.now)
            asked_ps = env.now
            yield simulation.cpu.run("opus encode", self._encode_cycles)
            encode_ps = env.now - asked_ps
            if self.finished.triggered:
                return
            sent_ps = env.now  # where nobody speaks nothing is sent, and the server's clock goes on
            for part in (*head, size) if size else head:
                sent_ps = self._send(part)
            head = ()
            if size and sent_ps - captured_ps > self._buffer_ps:
                env.process(self._lose(captured_ps + self._buffer_ps))
                return
            arrived_ps = max(arrived_ps, sent_ps + half_round_trip_ps(simulation, sent_ps, self._rng))
            if captured_ps >= endpoint_ps and not self._filled_ps:
                self._filled_ps, self._encode_ps = captured_ps, encode_ps
                replied_ps = arrived_ps + self._server_ps
                env.process(self._answer(replied_ps + half_round_trip_ps(simulation, replied_ps, self._rng)))

    def _send(self, payload_bytes: int) -> int:
        """One write; returns when its last byte is over."""
        simulation, now = self._simulation, self._env.now
        simulation.memory.submit(NETWORK, simulation.radio.framed(payload_bytes), write=False, at_ps=now)
        return simulation.radio.transfer("speech", payload_bytes, now, up=True, kind="audio")

    def _answer(self, at_ps: int) -> Generator[simpy.Event, object, None]:
        env, simulation = self._env, self._simulation
        yield env.timeout(at_ps - env.now)
        if self.finished.triggered:
            return
        there_ps = simulation.radio.transfer("final words", self._answer_bytes, env.now, up=False, kind="control")
        simulation.memory.submit(NETWORK, simulation.radio.framed(self._answer_bytes), write=True, at_ps=there_ps)
        yield env.timeout(there_ps - env.now)
        self._finish(answered=True)

    def _give_up(self) -> Generator[simpy.Event, object, None]:
        yield self._env.timeout(self._give_up_ps)
        self._finish(answered=False)

    def _lose(self, at_ps: int) -> Generator[simpy.Event, object, None]:
        """Sound that the server needs was overwritten: there is no point in sending the rest."""
        yield self._env.timeout(max(0, at_ps - self._env.now))
        self._finish(answered=False)

    def cancel(self) -> None:
        """Stop sending, unless it has finished: nobody waits for the answer."""
        self._finish(answered=False)

    def _finish(self, *, answered: bool) -> None:
        if self.finished.triggered:
            return
        self.answered = answered
        self._simulation.radio.drop_unsent(("audio", "control"), self._env.now)
        self.finished.succeed()

    def latency(self) -> LatencyParts:
        """Parts of the wait for the final words, which are there now."""
        endpoint_ps = self._work.endpoint_ms * PS_PER_MS
        search_ps = self._encode_ps + self._server_ps
        return LatencyParts(
            end_pointing_ps=end_pointing_ps(self._work),
            backlog_ps=self._filled_ps - endpoint_ps,
            npu_ps=0,
            search_ps=search_ps,
            network_ps=self._env.now - self._filled_ps - search_ps,
        )
