"""The ladder of idle states: exits, and energy against an account by small steps of time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.soc.core_idle import Busy, IdleLadder
from tests.soc.cases import device

US = 10**6
CORES = 2


def ladder(limit_us: float) -> IdleLadder:
    return IdleLadder(device(cpu__cores=CORES, cpu__idle_latency_limit_us=limit_us).cpu)


@pytest.mark.parametrize(
    ("limit_us", "idle_us", "all_idle_us", "exit_us"),
    [
        (100, 10**6, 10**6, 0),  # no sleep allowed
        (600, 1199, 1199, 0),  # not yet
        (600, 1200, 1200, 600 + 600),  # the entry has just begun
        (600, 1500, 1500, 300 + 600),
        (600, 9000, 9000, 600),
        (1000, 9000, 1999, 600),  # the other core was busy lately
        (1000, 9000, 2000, 800 + 1000),
        (1000, 9000, 9000, 1000),
    ],
)
def test_a_job_waits_for_the_rest_of_the_entry_and_for_the_exit(limit_us, idle_us, all_idle_us, exit_us):
    assert ladder(limit_us).exit_ps(idle_us * US, all_idle_us * US) == exit_us * US


stretches = st.lists(st.tuples(st.integers(0, CORES - 1), st.integers(0, 60), st.integers(1, 20)), max_size=6)


@settings(max_examples=60, deadline=None)
@given(stretches, st.sampled_from([100, 600, 1000]), st.integers(1, 100))
def test_energy_is_the_sum_over_small_steps(chosen, limit_us, until):
    """Time in steps of 100 us; 8 mW at once, 0.8 mW after 1.2 ms, 1 mW for all after 2 ms without any core."""
    step = 100 * US
    busy, free_at = [], dict.fromkeys(range(CORES), 0)
    for core, gap, length in chosen:
        start = free_at[core] + gap
        busy.append(Busy(core, start * step, (start + length) * step, 100_000 + core))
        free_at[core] = start + length
    expected, idle = 0, [0] * CORES
    for tick in range(until):
        running = {one.core: one.power_uw for one in busy if one.start_ps <= tick * step < one.end_ps}
        idle = [0 if core in running else idle[core] + 1 for core in range(CORES)]
        all_asleep = limit_us >= 1000 and not running and min(idle) > 20
        expected += sum(running.values()) + (1000 if all_asleep else 0)
        for core in range(CORES):
            if core not in running and not all_asleep:
                expected += 800 if idle[core] > 12 and limit_us >= 600 else 8000
    assert ladder(limit_us).energy_uw_ps(busy, until * step) == expected * step
