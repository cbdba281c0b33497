"""Cycles become picoseconds exactly, once."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.devices.clock import MOST_TICKS_PER_PS, Clock


@pytest.mark.parametrize(
    ("mhz", "cycle_ticks", "ticks_per_ps"),
    [
        (400.0, 2500, 1),
        (1000.0, 1000, 1),
        (3000.0, 1000, 3),
        (1100.0, 10_000, 11),
        (0.001, 10**9, 1),
        (747.5, 400_000, 299),
    ],
)
def test_a_cycle_is_a_ratio_of_whole_numbers(mhz: float, cycle_ticks: int, ticks_per_ps: int) -> None:
    assert Clock.of(mhz) == Clock(cycle_ticks, ticks_per_ps)


def test_three_gigahertz_for_a_second_is_a_second() -> None:
    assert Clock.of(3000.0).ps(3 * 10**9) == 10**12
    assert Clock.of(3000.0).ps(3 * 10**9 + 1) == 10**12 + 334


@settings(max_examples=200, deadline=None)
@given(mhz=st.floats(0.001, 100_000), cycles=st.integers(0, 10**9))
def test_any_clock_is_right_to_its_bound_and_the_written_one_exactly(mhz: float, cycles: int) -> None:
    clock, period = Clock.of(mhz), 10**6 / Fraction(str(mhz))
    assert 1 <= clock.ticks_per_ps <= MOST_TICKS_PER_PS
    assert abs(Fraction(clock.cycle_ticks, clock.ticks_per_ps) - period) < Fraction(2, 10**5)
    if period.denominator <= MOST_TICKS_PER_PS:
        assert clock.ps(cycles) == -(-cycles * period.numerator // period.denominator)
    assert clock.ps(cycles + 1) > clock.ps(cycles)
