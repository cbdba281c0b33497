"""Operating points: power, and the choice by load."""

from __future__ import annotations

import pytest

from azsim.soc.governor import clocks_of, initial_clock, next_clock
from tests.soc.cases import device


def test_the_sourced_point_draws_168_mw():
    assert initial_clock(device().cpu).power_uw == pytest.approx(168_000, rel=0.002)


def test_a_clock_between_points_takes_the_voltage_of_the_next():
    assert initial_clock(device(cpu__clock_mhz=1000.0).cpu).power_uw == round(90 * 1000 * 1.2**2)


@pytest.mark.parametrize(
    ("load", "mhz"), [(0.0, 598.0), (0.4, 598.0), (0.6, 1040.0), (0.8, 1196.0), (0.85, 1300.0), (1.0, 1300.0)]
)
def test_the_slowest_point_that_leaves_a_fifth_idle(load, mhz):
    spec = device().cpu
    assert next_clock(clocks_of(spec), initial_clock(spec), load).mhz == mhz
