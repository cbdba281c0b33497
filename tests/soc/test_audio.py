"""The ring of periods: full playback, and the stall that it bridges, to the picosecond."""

from __future__ import annotations

import pytest

from azsim.soc.audio import Playback
from azsim.soc.cpu import Cores
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory import BurstMemory
from azsim.soc.trace import Recorder
from tests.soc.cases import device

PERIOD_FRAMES, RATE_HZ, PERIOD_PS = 960, 48000, 20 * 10**9
DECODE_MHZ, CLOCK_MHZ, WAKE_PS = 20.0, 1000.0, 60 * 10**6
DECODE_PS = WAKE_PS + round(DECODE_MHZ * 1e6 * PERIOD_FRAMES / RATE_HZ) * 1000
STALL_AT = 5


class Packets:
    """A packet per period, all there, but for number ``STALL_AT - 1``, which is wanted when period 5 starts."""

    def __init__(self, env: DeviceEnvironment, stall_ps: int) -> None:
        self._env = env
        self._late_ps = STALL_AT * PERIOD_PS + stall_ps

    def packet(self, number: int) -> tuple[int, int]:
        return 340, PERIOD_FRAMES

    def wait_for(self, number: int):
        if number == STALL_AT - 1 and self._env.now < self._late_ps:
            return self._env.timeout(self._late_ps - self._env.now)
        return None


def play(periods: int, stall_ps: int, phase_ps: int = 0) -> Playback:
    spec = device(
        audio__period_frames=PERIOD_FRAMES,
        audio__periods=periods,
        audio__ring="sram",
        cpu__clock_mhz=CLOCK_MHZ,
        cpu__memory_bytes_per_kcycle=0.0,
    )
    env = DeviceEnvironment()
    memory, recorder = BurstMemory(env, spec), Recorder(True)
    cpu = Cores(env, memory, spec.cpu, recorder)
    playback = Playback(
        env,
        memory,
        cpu,
        spec,
        Packets(env, stall_ps),
        recorder,
        sample_rate_hz=RATE_HZ,
        decode_mhz=DECODE_MHZ,
        phase_ps=phase_ps,
    )
    env.process(playback.consume())
    env.process(playback.produce())
    env.run(until=60 * PERIOD_PS)
    return playback


@pytest.mark.parametrize("periods", [2, 3, 4, 8])
def test_the_ring_bridges_every_stall_below_its_length_less_the_decoding(periods):
    bridged_ps = (periods - 1) * PERIOD_PS - DECODE_PS
    assert play(periods, bridged_ps - 1).underruns == 0
    assert play(periods, bridged_ps).underruns == 1


def test_every_silent_period_of_a_long_stall_counts():
    playback = play(4, 10 * PERIOD_PS - DECODE_PS)
    assert playback.underruns == 8
    assert playback.busy_ps() == (60 - 8) * PERIOD_PS


def test_the_ring_never_holds_more_than_it_can():
    playback = play(4, 0)
    _, frames = playback._recorder.counters()["music ring frames"]
    assert frames.min() >= 0
    assert frames.max() == playback.ring_frames


def test_the_phase_shifts_the_periods():
    assert play(4, 0, phase_ps=PERIOD_PS // 4).period_start_ps(1) == PERIOD_PS * 3 // 4


def test_a_refill_takes_as_long_as_its_packet_is_late_and_the_decoding():
    refills_ps = play(4, PERIOD_PS).refills_ps
    assert refills_ps[STALL_AT - 1] == PERIOD_PS + DECODE_PS
    assert refills_ps[: STALL_AT - 1] == [DECODE_PS] * (STALL_AT - 1)
