"""A slow machine that steps the lane rule cycle by cycle; it shares no code or formula with azsim.chip.lanes.

Every lane holds a queue of blocks. In a cycle the broadcaster may put the next block into all queues, and each lane
that has a block takes positions from its head.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np


@dataclass
class Rule:
    """The knobs of the lane rule."""

    lanes: int
    multipliers: int
    window: int
    block: int
    queue: int
    broadcast: int
    min_block: int
    skip: str
    skip_zero_columns: bool
    store: str
    subword: bool = False  # 4-bit weights: two in a byte of the window, two products in a multiplier


@dataclass
class LaneCounts:
    """What was counted."""

    cycles: int
    positions: int
    products: int
    lane_cycles: list[int]


def run_tile(weights: np.ndarray, activations: np.ndarray | None, rule: Rule) -> LaneCounts:
    """One tile and one frame."""
    order = list(range(weights.shape[1]))
    if rule.skip_zero_columns and activations is not None:
        order = [c for c in order if activations[c] != 0]
    blocks = [order[i : i + rule.block] for i in range(0, len(order), rule.block)]
    streams = [[lane_flags(weights, activations, rule, lane, block) for block in blocks] for lane in range(rule.lanes)]
    flat = [flag for lane in streams for block in lane for flag in block]
    busy = [0] * rule.lanes
    # A lane's work on a block may begin when the block has been issued; it holds a queue place until it ends.
    queues: list[deque[int]] = [deque() for _ in range(rule.lanes)]
    work: list[list[int]] = [[] for _ in range(rule.lanes)]
    spent = [0] * rule.lanes
    issued = 0
    bus_free_at = rule.broadcast
    clock = 0
    finished = 0
    while finished < len(blocks) * rule.lanes:
        while issued < len(blocks) and clock >= bus_free_at and all(len(q) < rule.queue for q in queues):
            for q in queues:
                q.append(issued)
            issued += 1
            bus_free_at = clock + rule.broadcast
        moved = False
        for lane in range(rule.lanes):
            # blocks that need no time at all end where they stand
            while queues[lane] and spent[lane] == 0 and not streams[lane][queues[lane][0]] and rule.min_block == 0:
                queues[lane].popleft()
                finished += 1
                moved = True
        if moved:
            continue
        for lane in range(rule.lanes):
            if not queues[lane]:
                continue
            if spent[lane] == 0:
                work[lane] = list(streams[lane][queues[lane][0]])
            if work[lane]:
                take_one_cycle(work[lane], rule)
                busy[lane] += 1
            spent[lane] += 1
        clock += 1
        for lane in range(rule.lanes):
            if queues[lane] and not work[lane] and spent[lane] >= max(1, rule.min_block):
                queues[lane].popleft()
                spent[lane] = 0
                finished += 1
    return LaneCounts(cycles=clock, positions=len(flat), products=sum(flat), lane_cycles=busy)


def take_one_cycle(flags: list[bool], rule: Rule) -> None:
    """Remove from the head what one cycle takes."""
    halves = 2 if rule.subword else 1
    multipliers = [halves] * rule.multipliers  # products that each can still do
    window = [halves] * rule.window  # weights left in each byte
    while flags and window:
        if flags[0]:
            if not multipliers:
                break
            multipliers[-1] -= 1
            if multipliers[-1] == 0:
                multipliers.pop()
        flags.pop(0)
        window[-1] -= 1
        if window[-1] == 0:
            window.pop()


def lane_flags(
    weights: np.ndarray, activations: np.ndarray | None, rule: Rule, lane: int, block: list[int]
) -> list[bool]:
    """Effectual or not, for each position of one lane in one block."""
    flags = []
    for column in block:
        live = activations is None or activations[column] != 0
        lane_weights = [int(weights[row, column]) for row in range(lane, weights.shape[0], rule.lanes)]
        if rule.store == "csc":
            flags += csc_flags(lane_weights, live or rule.skip in ("none", "weights"))
            continue
        for weight in lane_weights:
            by_weight = weight != 0 or rule.skip in ("none", "activations")
            by_activation = live or rule.skip in ("none", "weights")
            flags.append(by_weight and by_activation)
    return flags


def csc_flags(column: list[int], live: bool) -> list[bool]:
    """Entries and padding of a column stored with 4-bit relative indices (EIE, section III)."""
    flags = []
    last = -1
    for index, weight in enumerate(column):
        if weight == 0:
            continue
        while index - last - 1 > 15:
            flags.append(True)
            last += 16
        flags.append(live)
        last = index
    return flags
