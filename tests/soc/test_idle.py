"""What the device would have used without speech."""

from __future__ import annotations

import pytest

from azsim.soc.device import DeviceSimulation
from azsim.soc.idle import idle_usage
from azsim.soc.link import LinkState, LinkTrace
from tests.soc.cases import device, track


@pytest.mark.parametrize("music", [None, track()], ids=["silence", "music"])
@pytest.mark.parametrize("elapsed_ps", [1, 399_876_543_211, 1_234_567_891_011])
def test_the_idle_record_cut_at_any_time_is_a_run_to_that_time(music, elapsed_ps):
    simulation = DeviceSimulation(device(), music, seed=5)
    simulation.env.run(until=elapsed_ps)
    assert idle_usage(device(), music, 5, elapsed_ps) == simulation.usage()


def test_the_idle_run_is_taken_further_and_cut_before_its_end():
    times_ps = [500_000_000_001, 901_234_567_890, 123_456_789_012, 500_000_000_001]
    found = [idle_usage(device(), track(), 17, time_ps) for time_ps in times_ps]
    for time_ps, usage in zip(times_ps, found):
        simulation = DeviceSimulation(device(), track(), seed=17)
        simulation.env.run(until=time_ps)
        assert usage == simulation.usage()


def test_in_silence_only_the_microphone_moves_bytes():
    spec = device(cpu__background=())
    usage = idle_usage(spec, None, 1, 10**12)
    period_ms = spec.audio.microphone_dma_ms
    samples_came = (10**12 - 1) // (period_ms * 10**9)
    assert usage.dram_read_bytes == usage.uplink_bytes == usage.downlink_bytes == 0
    assert usage.dram_write_bytes == samples_came * period_ms * 32  # 16 kHz, 16 bits


def test_without_music_the_link_makes_no_difference():
    slow = LinkTrace((0,), (LinkState(1.0, 1.0, 400.0),))
    elapsed_ps = 10**11
    assert idle_usage(device(), None, 2, elapsed_ps, slow) == idle_usage(device(), None, 2, elapsed_ps)
    assert idle_usage(device(), track(), 2, elapsed_ps, slow) != idle_usage(device(), track(), 2, elapsed_ps)
