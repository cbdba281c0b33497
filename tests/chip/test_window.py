"""The automaton against a window that is slid by hand."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.window import states, window_table, word_table
from azsim.reference.lane_machine import Rule, take_one_cycle


@pytest.mark.parametrize(("multipliers", "window"), [(1, 1), (1, 4), (2, 2), (2, 4), (3, 7), (4, 8)])
def test_runs_of_any_length_take_as_many_cycles_as_the_slid_window(multipliers: int, window: int) -> None:
    rng = np.random.default_rng(multipliers * 10 + window)
    table = window_table(multipliers, window)
    rule = Rule(1, multipliers, window, 1, 1, 0, 0, "weights", False, "dense")
    for _ in range(40):
        flags = (rng.random(rng.integers(0, 50)) < rng.random()).tolist()
        state, cycles, effectual = 0, 0, 0
        for start in range(0, len(flags), 8):
            part = flags[start : start + 8]
            byte = sum(flag << place for place, flag in enumerate(part)) | 0xFF << len(part) & 0xFF
            entry = int(table[len(part) - 1, state, byte])
            state, effectual, cycles = entry >> 16, effectual + (entry >> 8 & 255), cycles + (entry & 255)
            assert state < states(multipliers, window)
        assert effectual == sum(flags)
        expected = 0
        while flags:
            take_one_cycle(flags, rule)
            expected += 1
        assert cycles == expected


@pytest.mark.parametrize(("multipliers", "window"), [(1, 1), (2, 4), (3, 16), (5, 40)])
def test_sixteen_positions_at_once_are_two_times_eight(multipliers: int, window: int) -> None:
    table, words = window_table(multipliers, window)[7], word_table(multipliers, window)
    for word in [*np.random.default_rng(window).integers(0, 1 << 16, 200).tolist(), 0, 0xFFFF]:
        first = int(table[0, word & 255])
        second = int(table[first >> 16, word >> 8])
        entry = int(words[word])
        assert entry & 255 == (first & 255) + (second & 255)
        assert entry >> 8 == word.bit_count()
