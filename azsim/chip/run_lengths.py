"""How long a lane works on one block, as a distribution: the head-of-window rule on weights that are zero at random.

::

    columns of a block:   live   dead   live ...            a column is dead if its activation is zero
    positions:            1 0 1  0 0 0  0 1 0 ...           in a live one each is effectual with probability p
    window automaton:     o──o──o──o──o──o──> cycles        stepped with both bits at once, weighed by 1-p and p

A distribution is computed once for a shape and a window, for 33 densities and every number of live columns, averaged
over all places where these may stand; between densities it is interpolated. Nothing in it is sampled or fitted.
"""

from __future__ import annotations

import functools

import numpy as np

from azsim.chip.lane_kernels import CSC_RUN
from azsim.compiled import njit

DENSITIES = np.linspace(0.0, 1.0, 33)
"""Probabilities for which distributions are computed."""
_EFFORT_LIMIT = 10**10


@functools.lru_cache(maxsize=256)
def dense_run_lengths(height: int, columns: int, multipliers: int, window: int, thinned: bool) -> np.ndarray:
    """Cycles of a run of a dense store.

    Args:
        height: rows of the lane in the tile.
        columns: of the block.
        multipliers, window: of the lane.
        thinned: columns may be dead; otherwise all are live.

    Returns:
        float64 ``(live, densities, cycles + 1)``: probability of each number of cycles; ``live`` counts live columns
        from 0 to ``columns``, or stands for all if none is dead.
    """
    positions = height * columns
    moves, opens = _automaton(multipliers, window if window < positions else 0)
    most = -(-positions // multipliers)
    table = np.zeros((columns + 1 if thinned else 1, DENSITIES.size, most + 1))
    _step_runs(height, columns, thinned, moves, opens, DENSITIES, table)
    return table


@functools.lru_cache(maxsize=64)
def csc_run_lengths(height: int, columns: int, multipliers: int) -> tuple[np.ndarray, np.ndarray]:
    """Cycles of a run of a csc store in which every entry is effectual, padding included.

    Returns:
        float64 ``(1, densities, cycles + 1)`` as `dense_run_lengths`; and float64 ``(densities,)``, the mean of the
        entries.
    """
    share = DENSITIES[:, None]
    column = np.zeros((DENSITIES.size, height + 1, height + 1))  # zeros seen since the last entry, entries so far
    column[:, 0, 0] = 1.0
    for _ in range(height):
        after = np.zeros_like(column)
        after[:, 1:] = (1 - share[..., None]) * column[:, :-1]
        for zeros in range(height):
            new = 1 + zeros // CSC_RUN
            after[:, 0, new:] += share * column[:, zeros, : height + 1 - new]
        column = after
    one = column.sum(axis=1)
    entries = one
    for _ in range(columns - 1):
        entries = np.stack([np.convolve(have, more) for have, more in zip(entries, one, strict=True)])
    cycles = -(-np.arange(entries.shape[1]) // multipliers)
    table = np.zeros((1, DENSITIES.size, int(cycles[-1]) + 1))
    np.add.at(table[0].T, cycles, entries.T)
    return table, entries @ np.arange(entries.shape[1])


def effort(height: int, columns: int, multipliers: int, window: int, thinned: bool) -> int:
    """Steps that a dense distribution takes, roughly; more than `too_long` allows are not worth it."""
    positions = height * columns
    states = 1 + (window - 1) * (multipliers + 1) if window < positions else multipliers + 1
    steps = positions * states * -(-positions // multipliers) * DENSITIES.size
    return steps * (columns + 1) if thinned else steps


def too_long(height: int, columns: int, multipliers: int, window: int, thinned: bool) -> bool:
    """Whether a distribution would take minutes."""
    return effort(height, columns, multipliers, window, thinned) > _EFFORT_LIMIT


def _automaton(multipliers: int, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Next state and whether a cycle begins, int64 ``(2, states)`` by bit; state 0 begins a run.

    As in ``azsim.chip.window``: positions taken and effectual ones. A window of 0 never fills, so only effectual ones
    count.
    """
    if window:
        states = np.arange(1 + (window - 1) * (multipliers + 1))
        taken, used = np.divmod(states - 1, multipliers + 1)
        taken = np.where(states == 0, window, taken + 1)
    else:
        states = np.arange(multipliers + 2)
        taken, used = np.ones_like(states), states - 1
    used = np.where(states == 0, 0, used)
    full = taken == window if window else states == 0
    moves, opens = np.zeros((2, 2, states.size), np.int64)
    for bit in (0, 1):
        opens[bit] = full | ((used == multipliers) & (bit == 1))
        now_taken = np.where(opens[bit], 1, taken + 1)
        now_used = np.where(opens[bit], bit, used + bit)
        if window:
            moves[bit] = np.where(now_taken == window, 0, 1 + (now_taken - 1) * (multipliers + 1) + now_used)
        else:
            moves[bit] = 1 + now_used
    return moves, opens


@njit(cache=True, nogil=True)
def _step_runs(height, columns, thinned, moves, opens, densities, table):
    """Enter the distribution of each density; runs with every number of live columns are stepped side by side."""
    kinds, _, size = table.shape
    states = moves.shape[1]
    live = np.zeros((kinds, states, size))
    dead = np.zeros((kinds, states, size))
    spare = np.zeros((kinds, states, size))
    for place in range(densities.size):
        for kind in range(kinds):
            for state in range(states):
                for cycles in range(size):
                    live[kind, state, cycles] = dead[kind, state, cycles] = spare[kind, state, cycles] = 0.0
        live[0, 0, 0] = 1.0
        for column in range(columns):
            known = min(column + 1, kinds)
            begun = min(size, column * height + 1)
            if thinned:
                for kind in range(known):
                    for state in range(states):
                        for cycles in range(begun):
                            dead[kind, state, cycles] = live[kind, state, cycles]
            for step in range(height):
                reached = min(size, column * height + step + 2)
                live, spare = _advance(live, spare, known, reached, moves, opens, densities[place])
                if thinned:
                    dead, spare = _advance(dead, spare, known, reached, moves, opens, 0.0)
            if thinned:  # one more live column, or one more dead one: all orders count the same
                for kind in range(known, -1, -1):
                    for state in range(states):
                        for cycles in range(size):
                            mass = live[kind - 1, state, cycles] if kind > 0 else 0.0
                            if kind < known:
                                mass += dead[kind, state, cycles]
                            live[kind, state, cycles] = 0.5 * mass
        for kind in range(kinds):
            total = 0.0
            for state in range(states):
                for cycles in range(size):
                    total += live[kind, state, cycles]
                    table[kind, place, cycles] += live[kind, state, cycles]
            for cycles in range(size):
                table[kind, place, cycles] /= total


@njit(cache=True, nogil=True)
def _advance(source, target, kinds, reached, moves, opens, share):
    """One position further; returns the array with the new weights, and the other."""
    for kind in range(kinds):
        for state in range(source.shape[1]):
            for cycles in range(reached):
                target[kind, state, cycles] = 0.0
        for state in range(source.shape[1]):
            for bit in range(2):
                chance = share if bit == 1 else 1.0 - share
                if chance > 0.0:
                    follow, more = moves[bit, state], opens[bit, state]
                    for cycles in range(reached - more):
                        target[kind, follow, cycles + more] += chance * source[kind, state, cycles]
    return target, source
