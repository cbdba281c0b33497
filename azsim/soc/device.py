"""The whole device put together: clock, memory, processor, cores, sound and radio, with music in steady state.

::

    microphone ─┐                         ┌── npu
    playback ───┼──> memory (arbitrated) <┼── cpu cores
    radio ──────┘                         └── (whoever is added)
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
import simpy

from azsim.arbitration import Client
from azsim.chip.schedule import CpuWork, Sections, TileSchedule
from azsim.devices.spec import Device
from azsim.soc.audio import Playback, start_microphone
from azsim.soc.cpu import Cores
from azsim.soc.echo import CancellerTask
from azsim.soc.energy import Usage, device_energy
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.flash import Flash
from azsim.soc.link import ALWAYS_UP, LinkTrace
from azsim.soc.memory import memory_of
from azsim.soc.music import MusicTrack, music_start
from azsim.soc.network import MusicDownload, Radio
from azsim.soc.network_stack import NetworkStack
from azsim.soc.npu import Npu
from azsim.soc.timeline import Timeline
from azsim.soc.trace import FIRST_MINUTE_PS, MERGE_PS, Recorder, Window


class DeviceSimulation:
    """A running device, at time 0 when made; start processes in ``env`` and run it.

    Args:
        device: its description.
        music: what it plays, from a random packet and a random phase of the period on; None for silence.
        seed: of those, and of the network's delays.
        trace: keep spans, counters, tiles and grants.
        window_ps: where the trace keeps details.
        link: when there is a wireless link, and how fast.
        log_grants: keep a row for every single grant of the memory (a trace merges neighbours).
        brought: clients of the memory beside those of the device, that stages bring.
    """

    def __init__(
        self,
        device: Device,
        music: MusicTrack | None,
        seed: int,
        *,
        trace: bool = False,
        window_ps: Window = FIRST_MINUTE_PS,
        link: LinkTrace = ALWAYS_UP,
        log_grants: bool = False,
        brought: Sequence[Client] = (),
    ) -> None:
        self.device = device
        self.env = DeviceEnvironment()
        self.recorder = Recorder(trace, window_ps)
        self.memory = memory_of(self.env, device, brought=brought, log=trace or log_grants)
        if trace:
            self.env.process(self._watch(window_ps))
        self.cpu = Cores(self.env, self.memory, device.cpu, self.recorder)
        self.npu = Npu(self.env, self.memory, device, self.recorder)
        self.flash = Flash(self.env, self.memory, device.flash, self.recorder)
        self.radio = Radio(device.network, self.recorder, link, local_processing=device.local_processing)
        self.playback: Playback | None = None
        self.canceller: CancellerTask | None = None
        start_microphone(self.memory, device.audio)
        for index, load in enumerate(device.cpu.background):
            self.env.process(self.cpu.background(load, np.random.default_rng([seed, 2, index])))
        if music is not None:
            if device.audio.echo_tail_ms:
                self.canceller = CancellerTask(self.env, self.cpu, device)
                self.env.process(self.canceller.run())
            self._play(music, np.random.default_rng([seed, 0]))

    def _watch(self, window_ps: Window) -> Generator[simpy.Event, object, None]:
        """SimPy process: every grant has a row of its own inside of the window."""
        start_ps, end_ps = window_ps
        if start_ps:
            self.memory.merge(MERGE_PS)
            yield self.env.timeout(start_ps)
        self.memory.merge(-1)
        yield self.env.timeout(end_ps - start_ps)
        self.memory.merge(MERGE_PS)

    def _play(self, music: MusicTrack, rng: np.random.Generator) -> None:
        audio = self.device.audio
        start = music_start(music, audio, rng)
        download = MusicDownload(
            self.env,
            self.memory,
            self.radio,
            self.device,
            music,
            first_packet=start.packet,
            buffer_ms=audio.music_buffer_ms,
            rng=rng,
        )
        stack = NetworkStack(self.env, self.cpu, download, self.device.cpu.network_cycles_per_packet)
        self.playback = Playback(
            self.env,
            self.memory,
            self.cpu,
            self.device,
            stack,
            self.recorder,
            sample_rate_hz=music.sample_rate_hz,
            decode_mhz=music.decode_mhz(self.device.music_decode),
            phase_ps=start.phase_ps,
        )
        self.env.process(download.run())
        self.env.process(stack.run())
        self.env.process(self.playback.consume())
        self.env.process(self.playback.produce())

    def run_schedule(
        self, schedule: TileSchedule | Sections, step: int = -1, priority: int | None = None
    ) -> Generator[simpy.Event, object, None]:
        """Run one job on the neural processor, and on the cores where it has to leave it; ends when it has run."""
        for part in schedule.parts if isinstance(schedule, Sections) else (schedule,):
            if isinstance(part, CpuWork):
                cycles = round(part.elements * self.device.cpu.fallback_cycles_per_element)
                yield self.cpu.run(part.function, cycles, step=step)
            else:
                yield self.npu.run(part, step, priority)

    @property
    def underruns(self) -> int:
        """Periods without sound: the ring was short of samples, or the DMA did not get them in time."""
        late = self.memory.traffic()["playback"].late
        return late + (self.playback.underruns if self.playback else 0)

    def refills_ps(self) -> np.ndarray:
        """How long each packet of music took from room in the ring to its samples there, int64."""
        return np.array(self.playback.refills_ps if self.playback else [], np.int64)

    def clean_from(self, time_ps: int) -> simpy.Event | None:
        """An event for when the microphone's sound up to ``time_ps`` is free of echo, None if it is now."""
        return self.canceller.clean_from(time_ps) if self.canceller else None

    def usage(self) -> Usage:
        """What was used up to now, for the energy."""
        traffic = self.memory.traffic().values()
        return Usage(
            elapsed_ps=self.env.now,
            dram_read_bytes=sum(client.read_bytes for client in traffic),
            dram_write_bytes=sum(client.write_bytes for client in traffic),
            cpu_uw_ps=self.cpu.energy_uw_ps(self.env.now),
            uplink_bytes=self.radio.bytes_moved(up=True),
            downlink_bytes=self.radio.bytes_moved(up=False),
            npu_runs=tuple(self.npu.runs()),
            flash_read_bytes=self.flash.read_bytes,
            flash_written_bytes=self.flash.written_bytes,
        )

    def busy_ps(self) -> dict[str, int]:
        """Engine -> busy time up to now; ``cpu`` is the sum over the cores."""
        now = self.env.now
        return {
            "npu": self.npu.busy_ps,
            "cpu": self.cpu.busy_ps(),
            "dram": self.memory.busy_ps(now),
            "playback": self.playback.busy_ps() if self.playback else 0,
            "network": self.radio.busy_ps(now),
        }

    def timeline(self, utterance: str, idle: Usage) -> Timeline:
        """What happened up to now, as far as the device knows it: no steps, no words, no latency.

        Args:
            utterance: its name.
            idle: what the device would have used in the same time without speech.
        """
        now, recorder, traffic = self.env.now, self.recorder, self.memory.traffic()
        nothing = np.zeros(0, np.int64)
        return Timeline(
            utterance=utterance,
            elapsed_ps=now,
            spans=recorder.spans(now),
            instants=recorder.instants(),
            counters=recorder.counters(),
            busy_ps=self.busy_ps(),
            dram_read_bytes={client: moved.read_bytes for client, moved in traffic.items()},
            dram_write_bytes={client: moved.write_bytes for client, moved in traffic.items()},
            uplink_bytes=self.radio.bytes_moved(up=True),
            downlink_bytes=self.radio.bytes_moved(up=False),
            step_release_ps=nothing,
            step_done_ps=nothing,
            deadline_misses=0,
            underruns=self.underruns,
            first_partial_ps=-1,
            latency=None,
            early_cut=False,
            npu_causes_ps=self.npu.causes_ps(),
            peak_sram_bytes=0,
            energy_pj=device_energy(self.device, self.usage()),
            energy_idle_pj=device_energy(self.device, idle),
            refills_ps=self.refills_ps(),
            window_ps=recorder.window_ps,
            tiles=recorder.tile_records(),
            grants=recorder.grants,
            clients=tuple(traffic),
        )

    def finish(self) -> None:
        """Close the record: what is under way ends now."""
        if not self.recorder.trace:
            return
        self.cpu.finish_spans()
        self.recorder.memory(self.memory.grants(), [client.name for client in self.memory.clients])
        period_ps = self.device.audio.microphone_dma_ms * 10**9
        for start_ps in range(0, self.env.now, period_ps):
            self.recorder.span("microphone", "capture", start_ps, start_ps + period_ps)
