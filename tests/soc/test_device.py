"""The whole device running."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.arbitration import CPU
from azsim.chip.schedule import CpuWork, Sections
from azsim.soc.device import DeviceSimulation
from azsim.soc.memory.columns import L_BYTES, L_CLIENT, L_END, L_START, L_WRITE
from azsim.soc.trace import MERGE_PS
from tests.soc.cases import device, schedule, track

SECOND_PS = 10**12
WINDOW_PS = (SECOND_PS // 16, SECOND_PS // 8)


def ran(until_ps: int = SECOND_PS // 4, **settings) -> DeviceSimulation:
    simulation = DeviceSimulation(device(), track(), 3, **settings)
    for at_ps in WINDOW_PS:
        simulation.memory.submit(CPU, 16 << 20, write=False, at_ps=at_ps - 10**9)  # takes 3 ms
    simulation.env.run(until=until_ps)
    return simulation


def test_nobody_is_busier_than_time_allows_and_bytes_in_the_log_are_bytes_used() -> None:
    simulation = ran(log_grants=True)
    now, usage = simulation.env.now, simulation.usage()
    for engine, busy_ps in simulation.busy_ps().items():
        assert 0 <= busy_ps <= now * (simulation.device.cpu.cores if engine == "cpu" else 1), engine
    grants = simulation.memory.grants()
    written = grants[:, L_WRITE] == 1
    assert grants[written, L_BYTES].sum() == usage.dram_write_bytes > 0
    assert grants[~written, L_BYTES].sum() == usage.dram_read_bytes > 0
    assert usage.elapsed_ps == now
    assert usage.uplink_bytes == 0 < usage.downlink_bytes
    assert simulation.underruns == 0


def test_a_trace_changes_nothing_and_keeps_every_grant_in_its_window_alone() -> None:
    plain, traced = ran(log_grants=True), ran(trace=True, window_ps=WINDOW_PS)
    assert traced.usage() == plain.usage()
    assert traced.refills_ps().tolist() == plain.refills_ps().tolist()
    every, kept = plain.memory.grants(), traced.memory.grants()
    for client in np.unique(every[:, L_CLIENT]):
        assert every[every[:, L_CLIENT] == client, L_BYTES].sum() == kept[kept[:, L_CLIENT] == client, L_BYTES].sum()
    assert len(kept) < 0.7 * len(every)
    inside = [
        log[(log[:, L_START] > WINDOW_PS[0]) & (log[:, L_END] < WINDOW_PS[1] - MERGE_PS)] for log in (every, kept)
    ]
    assert len(inside[0]) > 100
    assert np.array_equal(*inside)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_job_with_a_part_on_the_cpu_takes_its_parts_one_after_another(order: tuple[int, int]) -> None:
    spec = device(cpu__background=(), cpu__wake_us=0.0)
    one, work = schedule("part", 6), CpuWork("tanh", 5000)
    took = []
    for job in (one, Sections("job", tuple((one, work)[k] for k in order))):
        simulation = DeviceSimulation(spec, None, 0)
        done = simulation.env.process(simulation.run_schedule(job))
        simulation.env.run(until=done)
        took.append(simulation.env.now)
    cycles = 5000 * spec.cpu.fallback_cycles_per_element
    assert took[1] - took[0] >= cycles * 1e6 / max(point.clock_mhz for point in spec.cpu.operating_points)


def test_without_music_there_is_no_sound_and_no_echo() -> None:
    simulation = DeviceSimulation(device(), None, 3)
    simulation.env.run(until=SECOND_PS // 10)
    assert simulation.playback is None
    assert simulation.clean_from(SECOND_PS) is None
    assert simulation.refills_ps().size == 0
    assert simulation.busy_ps()["playback"] == simulation.busy_ps()["network"] == simulation.busy_ps()["npu"] == 0
