"""When the lanes are expected to end each block of a tile, from the distribution of one run and the queue between them.

::

    backlog of a lane at the issue of block k:  Y(k) = max(Y(k-1) - (issue(k) - issue(k-1)), 0) + cycles(k)
    all lanes have ended it at                  issue(k) + E[max over lanes of Y(k)]

Lanes are independent of each other between two issues, and an issue is taken at its expected time: a mean-field
model. It is exact for a queue of one block, for a queue of all blocks, for runs that all take the same time, and for
one lane, which never waits for itself.
Backlogs live on a grid of a few points per cycle; what falls between two points is shared by both, in proportion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from azsim.chip.run_lengths import DENSITIES
from azsim.compiled import njit

PLAYED_BLOCKS = 64
"""After so many blocks the rest goes on at the rate of the last three quarters."""
_GRID_POINTS = 256
_POINTS_PER_CYCLE = 4
_NEGLIGIBLE = 1e-9

NODES = np.array([-math.sqrt(3.0), 0.0, math.sqrt(3.0)])
CHANCES = np.array([1 / 6, 2 / 3, 1 / 6])
"""Three values that stand for a normal distribution, and their weights: Gauss and Hermite's."""


@dataclass(frozen=True, slots=True)
class Densities:
    """How likely a position of a live column is effectual.

    Attributes:
        lanes, chances: float64 ``(kinds,)``: a lane has one of these densities for the whole tile.
        profile: float64 ``(played,)``: times this in each block.
        wobble: standard deviation from run to run.
    """

    lanes: np.ndarray
    chances: np.ndarray
    profile: np.ndarray
    wobble: float


def expected_ends(
    distributions: np.ndarray,
    lanes: np.ndarray,
    densities: Densities,
    live: np.ndarray,
    blocks: int,
    rule: tuple[int, int, int],
) -> np.ndarray:
    """Expected time at which the last lane ends each block, in cycles from the tile's start.

    Args:
        distributions: float64 ``(groups, live, densities, cycles + 1)``: lanes of one group have as many rows.
        lanes: int64 ``(groups,)``.
        densities: of the weights.
        live: float64 ``(played,)``: live columns of the blocks that are played, the same for all lanes.
        blocks: of the tile.
        rule: queue, broadcast and least cycles of a block.

    Returns:
        float64 ``(blocks,)``.
    """
    queue, broadcast, least = rule
    played = min(blocks, live.size)
    queue = played if lanes.sum() == 1 else min(queue, played)
    longest = max(distributions.shape[3] - 1, least) * queue
    points = max(1, min(_POINTS_PER_CYCLE, _GRID_POINTS // max(1, longest)))
    ends = np.zeros(played)
    scale = DENSITIES.size - 1
    share = densities.lanes[:, None] * densities.profile[:played] * scale
    nodes = NODES * densities.wobble * scale if densities.wobble > 0.0 else np.zeros(1)
    weights = CHANCES if densities.wobble > 0.0 else np.ones(1)
    size = longest * points + 1
    rule = (queue, broadcast, least)
    _play(distributions, lanes, share, densities.chances, nodes, weights, live, rule, points, size, ends)
    if played == blocks:
        return ends
    rate = (ends[-1] - ends[played // 4]) / (played - 1 - played // 4)
    return np.concatenate([ends, ends[-1] + rate * np.arange(1, blocks - played + 1)])


@njit(cache=True, nogil=True)
def _play(distributions, lanes, share, chances, nodes, weights, live, rule, points, size, ends):
    """Enter the expected end of each block; see the module."""
    groups, kinds = distributions.shape[0], share.shape[0]
    queue, broadcast, least = rule
    backlog = np.zeros((groups, kinds, size))
    after = np.zeros((groups, kinds, size))
    last = np.zeros((groups, kinds), np.int64)
    distribution = np.zeros(distributions.shape[3])
    below = np.zeros((groups, kinds))
    for group in range(groups):
        for kind in range(kinds):
            backlog[group, kind, 0] = 1.0
    issue = 0.0
    left_over = (queue - 1) * ((size - 1) // queue)  # at an issue a lane has at most so many blocks before it
    for block in range(ends.size):
        now = issue + broadcast
        if block >= queue:
            now = max(now, ends[block - queue])
        passed = (now - issue) * points if block > 0 else 0.0
        issue = now
        highest = np.int64(0)
        for group in range(groups):
            for kind in range(kinds):
                below[group, kind] = 0.0
                distribution[:] = 0.0
                for node in range(nodes.size):
                    place = min(max(share[kind, block] + nodes[node], 0.0), distributions.shape[2] - 1.0)
                    _add_distribution(distributions[group], live[block], place, weights[node], distribution)
                before = backlog[group, kind, : last[group, kind] + 1]
                end = _work_on(before, passed, left_over, distribution, least, points, after[group, kind])
                last[group, kind] = end
                highest = max(highest, end)
        wait = 0.0
        for point in range(highest):  # the expected maximum: the sum over x of 1 - P(all lanes have ended by x)
            every = 1.0
            for group in range(groups):
                ended = 0.0
                for kind in range(kinds):
                    below[group, kind] += after[group, kind, point]
                    ended += chances[kind] * below[group, kind]
                if ended < _NEGLIGIBLE:
                    every = 0.0
                elif ended < 1.0 - _NEGLIGIBLE:
                    every *= ended ** lanes[group]
            wait += 1.0 - every
        ends[block] = issue + wait / points
        backlog, after = after, backlog


@njit(cache=True, nogil=True)
def _add_distribution(distributions, live, share, weight, distribution):
    """Add the distribution for so many live columns and a place between two densities, both interpolated."""
    kind = min(int(live), max(0, distributions.shape[0] - 2))
    place = min(int(share), distributions.shape[1] - 2)
    more = min(1.0, live - kind) if distributions.shape[0] > 1 else 0.0
    denser = share - place
    above = min(kind + 1, distributions.shape[0] - 1)
    for cycles in range(distribution.size):
        fewer_live = (1.0 - denser) * distributions[kind, place, cycles] + denser * distributions[
            kind, place + 1, cycles
        ]
        more_live = (1.0 - denser) * distributions[above, place, cycles] + denser * distributions[
            above, place + 1, cycles
        ]
        distribution[cycles] += weight * ((1.0 - more) * fewer_live + more * more_live)


@njit(cache=True, nogil=True)
def _work_on(backlog, passed, left_over, distribution, least, points, after):
    """Let time pass, then add one run: from one distribution of the backlog to the next; returns its last point."""
    after[:] = 0.0
    whole = int(passed + 1e-9)
    part = max(0.0, passed - whole)
    shortest, longest = 0, distribution.size - 1
    while shortest < longest and distribution[shortest] < _NEGLIGIBLE:
        shortest += 1
    while longest > shortest and distribution[longest] < _NEGLIGIBLE:
        longest -= 1
    end = np.int64(0)
    for point in range(backlog.size):
        for step in range(2):
            mass = backlog[point] * (part if step == 1 else 1.0 - part)
            if mass < _NEGLIGIBLE:
                continue
            left = min(left_over, max(0, point - whole - step))
            for cycles in range(shortest, longest + 1):
                after[left + max(least, cycles) * points] += mass * distribution[cycles]
            end = max(end, left + max(least, longest) * points)
    return end
