"""Networks beside the recogniser: released by the clock, run by priority, timed from release to end."""

from __future__ import annotations

import numpy as np

from azsim.chip.pipeline import run_pipeline
from azsim.soc import simulate
from azsim.soc.companions import Companion, start_companions
from azsim.soc.device import DeviceSimulation
from tests.soc.cases import device, schedule, schedules, work

PERIOD_PS = 10**9


def test_alone_every_run_takes_the_chips_own_time():
    spec = device()
    made = schedule("alone", 8, 1)
    simulation = DeviceSimulation(spec, None, 1)
    (record,) = start_companions(simulation, [Companion("alone", made, PERIOD_PS, 50)], 1)
    simulation.env.run(until=9 * PERIOD_PS)  # before the microphone's first transfer
    assert set(record.responses_ps) == {spec.chip.clock.ps(run_pipeline(made, spec.chip).total_cycles)}
    assert len(record.responses_ps) in (8, 9)


def test_one_that_cannot_keep_up_falls_behind_by_more_each_time():
    made = schedule("slow", 60, 1)
    period_ps = 10**7
    simulation = DeviceSimulation(device(), None, 1)
    (record,) = start_companions(simulation, [Companion("slow", made, period_ps, 50)], 1)
    simulation.env.run(until=9 * PERIOD_PS)
    assert (np.diff(record.responses_ps) > 0).all()
    assert record.responses_ps[-1] > period_ps


def test_the_recogniser_waits_for_one_above_it_and_not_for_one_below_that_lets_it_in():
    long = schedule("long", 500, 2)
    first_ms = {}
    for preemption in ("never", "tile"):
        for priority in (10, 90):
            spec = device(npu_sharing__preemption=preemption)
            beside = [Companion("long", long, 2 * 10**9, priority)]
            timeline = simulate(spec, work(), schedules(), music=None, companions=beside)
            first_ms[preemption, priority] = timeline.first_partial_ps / 1e9
            assert timeline.companions["long"].responses_ps
    alone = simulate(device(), work(), schedules(), music=None).first_partial_ps / 1e9
    assert alone <= first_ms["tile", 10] <= first_ms["never", 10]
    assert first_ms["tile", 10] < alone + 0.1
    assert first_ms["tile", 90] > first_ms["tile", 10]
