"""A lane's window as a finite automaton, so that eight positions of a mask are stepped by one table look-up.

::

    mask byte ──┐
    state ──────┴──> table ──> state, cycles begun, effectual positions seen

The state is what the current cycle has taken so far: positions p and effectual ones e. A position opens a new cycle
if the window is full (p = w) or if it is effectual and all multipliers are taken (e = m); else it is free.
"""

from __future__ import annotations

import functools

import numpy as np

STATE_LIMIT = 255
"""Wider windows than this many states allow are stepped position by position."""


def states(multipliers: int, window: int) -> int:
    """Number of states of the automaton."""
    return 1 + (window - 1) * (multipliers + 1)


@functools.lru_cache(maxsize=32)
def window_table(multipliers: int, window: int) -> np.ndarray:
    """The automaton, int32 ``(8, states, 256)``.

    Entry ``[k-1, state, byte]`` is ``next << 16 | effectual << 8 | cycles`` after the low ``k`` bits of ``byte``, the
    lowest first. State 0 is a full window, where every run begins.
    """
    state, byte = np.divmod(np.arange(states(multipliers, window) * 256), 256)
    taken = np.where(state == 0, window, (state - 1) // (multipliers + 1) + 1)
    used = np.where(state == 0, 0, (state - 1) % (multipliers + 1))
    cycles = np.zeros_like(state)
    effectual = np.zeros_like(state)
    table = np.empty((8, states(multipliers, window), 256), np.int32)
    for place in range(8):
        bit = byte >> place & 1
        opens = (taken == window) | ((bit == 1) & (used == multipliers))
        cycles += opens
        effectual += bit
        taken = np.where(opens, 1, taken + 1)
        used = np.where(opens, bit, used + bit)
        follow = np.where(taken == window, 0, 1 + (taken - 1) * (multipliers + 1) + used)
        table[place] = (follow << 16 | effectual << 8 | cycles).reshape(-1, 256)
    return table


@functools.lru_cache(maxsize=32)
def word_table(multipliers: int, window: int) -> np.ndarray:
    """Whole runs of 16 positions at once, uint16 ``(65536,)``: ``effectual << 8 | cycles``, the lowest bit first."""
    table = window_table(multipliers, window)[7]
    word = np.arange(1 << 16)
    low = table[0, word & 255]
    high = table[low >> 16, word >> 8]
    return ((low & 0xFFFF) + (high & 0xFFFF)).astype(np.uint16)
