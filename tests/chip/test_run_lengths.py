"""The distribution of one run against all masks of a run, one by one, and the kernel of the simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from azsim.chip.run_lengths import DENSITIES, csc_run_lengths, dense_run_lengths, too_long
from azsim.chip.window import window_table

HALF = 16
"""Where density 0.5 stands."""


def cycles_of(bits: tuple[int, ...], multipliers: int, window: int) -> int:
    """The rule in plain Python."""
    cycles, taken, used = 0, window, 0
    for bit in bits:
        if taken == window or (bit and used == multipliers):
            cycles, taken, used = cycles + 1, 0, 0
        taken, used = taken + 1, used + bit
    return cycles


@pytest.mark.parametrize(("height", "columns", "multipliers", "window"), [(2, 4, 1, 3), (1, 9, 2, 5), (3, 3, 2, 2)])
def test_a_law_counts_every_mask(height: int, columns: int, multipliers: int, window: int) -> None:
    positions = height * columns
    distribution = dense_run_lengths(height, columns, multipliers, window, thinned=False)[0]
    expected = np.zeros_like(distribution)
    for bits in itertools.product((0, 1), repeat=positions):
        ones = sum(bits)
        expected[:, cycles_of(bits, multipliers, window)] += DENSITIES**ones * (1 - DENSITIES) ** (positions - ones)
    assert np.allclose(distribution, expected)


def test_a_thinned_law_averages_over_the_places_of_live_columns() -> None:
    height, columns, multipliers, window = 2, 4, 1, 3
    distributions = dense_run_lengths(height, columns, multipliers, window, thinned=True)
    for live in range(columns + 1):
        expected = np.zeros(distributions.shape[2])
        places = list(itertools.combinations(range(columns), live))
        for alive in places:
            for bits in itertools.product((0, 1), repeat=height * live):
                mask, left = [], list(bits)
                for column in range(columns):
                    mask += [left.pop() for _ in range(height)] if column in alive else [0] * height
                expected[cycles_of(tuple(mask), multipliers, window)] += 0.5 ** (height * live) / len(places)
        assert np.allclose(distributions[live, HALF], expected)


def test_a_window_that_holds_the_whole_run_never_fills() -> None:
    whole = dense_run_lengths(2, 8, 2, 16, thinned=False)
    assert np.array_equal(whole, dense_run_lengths(2, 8, 2, 1000, thinned=False))
    cycles = np.arange(whole.shape[2])
    assert whole[0, -1] @ cycles == pytest.approx(8)
    assert whole[0, 0] @ cycles == pytest.approx(1)


def test_the_mean_agrees_with_the_table_that_the_simulation_steps() -> None:
    rng = np.random.default_rng(3)
    table = window_table(2, 4)[7]
    total, runs = 0, 4000
    for mask in rng.integers(0, 256, (runs, 4)):
        state = 0
        for byte in mask:
            entry = int(table[state, byte])
            total += entry & 255
            state = entry >> 16
    distribution = dense_run_lengths(2, 16, 2, 4, thinned=False)[0, HALF]
    assert distribution @ np.arange(distribution.size) == pytest.approx(total / runs, rel=0.01)


def test_entries_of_csc_are_the_stored_and_the_padding() -> None:
    distribution, mean = csc_run_lengths(height=20, columns=1, multipliers=1)
    assert distribution[0, 0].tolist() == [1.0] + [0.0] * 20
    assert mean[-1] == pytest.approx(20)
    one = DENSITIES[1]
    stored = 20 * one
    padding = sum(one * (1 - one) ** zeros * (zeros // 16) * (20 - zeros if zeros == 0 else 1) for zeros in range(20))
    later = sum(one * one * (1 - one) ** zeros * (zeros // 16) * (19 - zeros) for zeros in range(19))
    assert mean[1] == pytest.approx(stored + padding + later)


def test_what_would_take_minutes_is_refused() -> None:
    assert too_long(64, 16, 2, 900, thinned=False)
    assert not too_long(64, 16, 2, 10**6, thinned=False)
    assert not too_long(2, 16, 2, 4, thinned=True)
