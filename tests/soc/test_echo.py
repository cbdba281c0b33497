"""Echo cancellation on the cores: a block every 10 ms, and a front end that waits for the block of its last sample."""

from __future__ import annotations

import pytest

from azsim.soc import simulate
from azsim.soc.cpu import Cores
from azsim.soc.echo import CancellerTask
from azsim.soc.environment import DeviceEnvironment
from azsim.soc.memory import BurstMemory
from azsim.soc.trace import Recorder
from azsim.speech.echo_canceller import flops_per_block
from tests.soc.cases import device, schedules, track, work

TAIL_MS = 120


def test_sound_is_clean_when_its_block_is_done():
    spec = device(audio__echo_tail_ms=TAIL_MS, cpu__clock_mhz=1000.0, cpu__memory_bytes_per_kcycle=0.0)
    env = DeviceEnvironment()
    task = CancellerTask(env, Cores(env, BurstMemory(env, spec), spec.cpu, Recorder(False)), spec)
    env.process(task.run())
    cost_ps = 60 * 10**6 + round(flops_per_block(TAIL_MS) / 2) * 1000
    env.run(until=task.clean_from(45 * 10**9))
    assert env.now == 50 * 10**9 + cost_ps
    assert task.clean_from(50 * 10**9) is None
    assert task.clean_from(50 * 10**9 + 1) is not None


@pytest.mark.parametrize("music", [None, track()], ids=["silence", "music"])
def test_it_runs_while_music_plays_and_costs_core_time_and_a_block_of_delay(music):
    without = simulate(device(), work(), schedules(), music=music)
    with_it = simulate(device(audio__echo_tail_ms=TAIL_MS), work(), schedules(), music=music, trace=True)
    blocks = [span for span in with_it.spans if span.name == "echo"]
    if music is None:
        assert not blocks
        assert with_it.busy_ps == without.busy_ps
        return
    assert len(blocks) == (with_it.elapsed_ps - 1) // 10**10
    assert with_it.busy_ps["cpu"] > without.busy_ps["cpu"]
    front_ends = [span for span in with_it.spans if span.name == "frontend"]
    released_ps = with_it.step_release_ps[: len(front_ends)]
    for span, release_ps in zip(front_ends, released_ps):
        assert span.start_ps >= -(-release_ps // 10**10) * 10**10
    assert 0 <= with_it.first_partial_ps - without.first_partial_ps < 11 * 10**9
