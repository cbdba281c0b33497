"""Sound in and out: the microphone's DMA, and music through a ring of periods to a DAC that never waits.

::

    packets ──> decode (cpu) ──app pointer──> [ period | period | period | period ] ──hw pointer──> DAC
                     ^                                                              │
                     └─────────────── period interrupt: room again ─────────────────┘

An underrun is counted at the start of each period whose samples are not all in the ring by then. The pointers are
compared once per period, as the interrupt does; samples that arrive at the very instant come too late.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import count

import simpy

from azsim.arbitration import CPU, MICROPHONE, PLAYBACK
from azsim.devices.board_spec import AudioSpec
from azsim.devices.spec import Device
from azsim.soc.cpu import Cores
from azsim.soc.environment import DeviceEnvironment, TimedEvent
from azsim.soc.memory import MemoryModel
from azsim.soc.network_stack import PacketSource
from azsim.soc.trace import Recorder

MICROPHONE_BYTES_PER_MS = 32
"""16 kHz, 16 bit, one channel. **Source:** avs-device-sdk SampleApp."""

RING_FRAMES = "music ring frames"


def start_microphone(memory: MemoryModel, audio: AudioSpec) -> None:
    """From time 0 on, every ``microphone_dma_ms`` the samples of that time go to memory."""
    period_ps = audio.microphone_dma_ms * 10**9
    size_bytes = audio.microphone_dma_ms * MICROPHONE_BYTES_PER_MS
    memory.submit(MICROPHONE, size_bytes, write=True, at_ps=period_ps, period_ps=period_ps)


class Playback:
    """The ring, its producer (decoder) and its consumer (DAC), in steady state at time 0: the ring is full.

    Args:
        sample_rate_hz: of the track; its samples are taken as that many frames at the rate of the DAC.
        decode_mhz: clock that decoding takes in real time.
        phase_ps: time from the last period interrupt before time 0; below a period.

    Attributes:
        ring_frames: capacity of the ring.
        underruns: periods for which the DAC found no samples.
        refills_ps: of each decoded packet, from when the ring had room for it until its samples lay there: waiting for
            the packet, for a core, decoding. What the ring has to bridge.
    """

    def __init__(
        self,
        env: DeviceEnvironment,
        memory: MemoryModel,
        cpu: Cores,
        device: Device,
        source: PacketSource,
        recorder: Recorder,
        *,
        sample_rate_hz: int,
        decode_mhz: float,
        phase_ps: int,
    ) -> None:
        self._env = env
        self._memory = memory
        self._cpu = cpu
        self._audio = device.audio
        self._source = source
        self._recorder = recorder
        self._sample_rate_hz = sample_rate_hz
        self._decode_mhz = decode_mhz
        self._phase_ps = phase_ps
        self._frame_bytes = device.audio.playback_channels * device.audio.playback_bytes_per_sample
        self.ring_frames = device.audio.periods * device.audio.period_frames
        self._written = self.ring_frames
        self._played = 0
        self._latest_ps, self._latest_frames = -1, 0
        self._room: TimedEvent | None = None
        self._silent_ps = 0
        self._silence_since_ps = -1
        self.underruns = 0
        self.refills_ps: list[int] = []

    def period_start_ps(self, number: int) -> int:
        """When the ``number``-th period after time 0 starts, ``number`` from 1."""
        return number * self._audio.period_frames * 10**12 // self._audio.playback_rate_hz - self._phase_ps

    def busy_ps(self) -> int:
        """Time up to now for which there was music."""
        silent = self._silent_ps
        if self._silence_since_ps >= 0:
            silent += self._env.now - self._silence_since_ps
        return self._env.now - silent

    def consume(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: the DAC takes a period from the ring at every period's start, or plays silence."""
        frames = self._audio.period_frames
        in_dram = self._audio.ring == "dram"
        ends_ps = self.period_start_ps(1)
        for number in count(2):
            yield self._env.timeout(ends_ps - self._env.now)
            now, ends_ps = self._env.now, self.period_start_ps(number)
            if self._silence_since_ps < 0:
                self._played += frames
            else:
                self._silent_ps += now - self._silence_since_ps
                self._silence_since_ps = -1
            there = self._written - self._played
            if self._latest_ps == now:
                there -= self._latest_frames
            if there < frames:
                self.underruns += 1
                self._silence_since_ps = now
                self._recorder.instant("playback", "underrun", now)
            elif in_dram:
                self._memory.submit(PLAYBACK, frames * self._frame_bytes, write=False, at_ps=now, deadline_ps=ends_ps)
            self._recorder.span("playback", "silence" if there < frames else "period", now, ends_ps)
            self._recorder.count(RING_FRAMES, now, self._written - self._played)
            if self._room is not None:
                room, self._room = self._room, None
                room.occur()

    def produce(self) -> Generator[simpy.Event, object, None]:
        """SimPy process: as soon as the ring has room, decode the next packet and write it, in parts if need be."""
        samples_before, frames_before = 0, 0
        for number in count():
            _, samples = self._source.packet(number)
            samples_before += samples
            frames = self._frames(samples_before) - frames_before
            frames_before += frames
            while frames and not self._free():
                yield self._more_room()
            room_ps = self._env.now
            arrival = self._source.wait_for(number)
            if arrival is not None:
                yield arrival
            cycles = round(self._decode_mhz * 1e6 * samples / self._sample_rate_hz)
            if cycles:
                yield self._cpu.run("music decode", cycles, task="music_decode")
            self.refills_ps.append(self._env.now - room_ps)
            while True:
                part = min(frames, self._free())
                self._write(part)
                frames -= part
                if not frames:
                    break
                yield self._more_room()

    def _more_room(self) -> TimedEvent:
        self._room = TimedEvent(self._env)
        return self._room

    def _frames(self, samples: int) -> int:
        return samples * self._audio.playback_rate_hz // self._sample_rate_hz

    def _free(self) -> int:
        return self.ring_frames - (self._written - self._played)

    def _write(self, frames: int) -> None:
        if not frames:
            return
        now = self._env.now
        self._latest_frames = frames + (self._latest_frames if self._latest_ps == now else 0)
        self._latest_ps = now
        self._written += frames
        if self._audio.ring == "dram":
            self._memory.submit(CPU, frames * self._frame_bytes, write=True, at_ps=now)
        self._recorder.count(RING_FRAMES, now, self._written - self._played)
