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
from numba import njit

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
    table = np.empty((8, states(multipliers, window), 256), np.int32)
    _fill(multipliers, window, table)
    return table


@njit(cache=True, nogil=True)
def _fill(multipliers, window, table):
    for state in range(table.shape[1]):
        for byte in range(256):
            taken = (state - 1) // (multipliers + 1) + 1 if state > 0 else window
            used = (state - 1) % (multipliers + 1) if state > 0 else 0
            cycles = 0
            effectual = 0
            for k in range(8):
                bit = (byte >> k) & 1
                effectual += bit
                if taken == window or (bit == 1 and used == multipliers):
                    cycles += 1
                    taken = 1
                    used = bit
                else:
                    taken += 1
                    used += bit
                follow = 0 if taken == window else 1 + (taken - 1) * (multipliers + 1) + used
                table[k, state, byte] = follow << 16 | effectual << 8 | cycles
