"""Learning rate, share of zeros and strength over the steps of a run."""

from __future__ import annotations

import pytest

from azsim.train.recipe import Schedule
from azsim.train.schedule import cubic, learning_rate, linear

SCHEDULE = Schedule(steps=1000, peak_learning_rate=2e-3, warm_up_steps=100, constant_share=0.2, last_share=0.02)


def test_learning_rate_warms_up_stays_and_falls():
    assert learning_rate(SCHEDULE, 0) == pytest.approx(2e-3 / 100)
    assert [learning_rate(SCHEDULE, step) for step in range(99, 200)] == pytest.approx([2e-3] * 101)
    rates = [learning_rate(SCHEDULE, step) for step in range(199, 1000)]
    assert rates == sorted(rates, reverse=True)
    assert rates[400] == pytest.approx(2e-3 * 0.51, rel=1e-3)
    assert rates[-1] == pytest.approx(2e-3 * 0.02)


def test_cubic_rises_fast_at_first_and_reaches_its_end_at_the_ramp():
    shares = [cubic(step / 20, 0.5, 0.8) for step in range(21)]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[5] == pytest.approx(0.8 * (1 - 0.5**3))
    assert shares[10:] == [0.8] * 11


def test_linear_is_zero_before_and_one_after():
    assert [linear(x, 0.2, 0.6) for x in (0.0, 0.2, 0.4, 0.6, 1.0)] == pytest.approx([0, 0, 0.5, 1, 1])
    assert linear(0.5, 0.5, 0.5) == 1.0
