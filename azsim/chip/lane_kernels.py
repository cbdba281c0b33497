"""The lane rule compiled: blocks through the queue, runs through the window's automaton or position by position.

::

    block ──> masks of all lanes ──> cycles of each run (16 positions by one look-up, or 8 at a time, lane beside lane)
          ──> queue: when each lane begins and ends it
"""

from __future__ import annotations

import numpy as np

from azsim.chip.masks import pack_run
from azsim.compiled import njit

CYCLES, PRODUCTS, POSITIONS, LANE_SUM, LANE_MAX = 0, 1, 2, 3, 4
"""Columns of ``counts``, int64 ``(frames, tiles, 5)``, which both kernels fill."""
CSC_RUN = 16
"""A 4-bit relative index skips at most 15 zeros; every 16th zero before an entry is stored as padding."""
WORD = 16
"""Positions of a run that is looked up at once."""


@njit(cache=True, nogil=True)
def step_by_table(matrix, bits, offset, place_of, vectors, mode, rule, tables, stepping, room, counts):
    """Dense store; ``bits`` holds the masks, or is room for a block's runs if columns drop, or is all ones.

    ``lines`` holds the columns' own masks for runs of two heights, ``spread`` says for which.
    """
    row, rows, column, columns = place_of
    by_weight, by_activation, drop = mode
    lanes, _, _, block, queue, broadcast, least = rule
    lines, spread, states, cycles, words = stepping
    by_byte, by_word = tables
    ends, sums, latest, kept = room
    stored = by_weight and not drop
    for frame in range(counts.shape[0]):
        spread[0] = spread[1] = 0
        for tile in range(row.size):
            rounds = rows[tile] // lanes
            longer = rows[tile] % lanes
            count = _surviving(vectors, frame, column[tile], columns[tile], drop, kept)
            place = offset[tile]
            issue = np.int64(0)
            products = np.int64(0)
            for lane in range(lanes):
                ends[lane] = 0
                sums[lane] = 0
            for slot in range(queue):
                latest[slot] = 0
            if longer == 0 and rounds * block == WORD and count % block == 0 and not (drop and by_weight):
                masked = by_activation and not drop
                if masked and spread[0] != rounds:
                    _spread(vectors, frame, block, rounds, lines, np.int64(0))
                    spread[0] = rounds
                first = column[tile] // block if masked else 0
                stride = WORD // 8 if by_weight else 0
                products = _step_words(
                    by_word, bits, place, stride, count // block, lines, first, masked, words, rule, ends, sums, latest
                )
                _enter(counts, frame, tile, products, rows[tile] * count, ends, sums)
                continue
            for start in range(0, count, block):
                stop = min(start + block, count)
                for taller in range(1, -1, -1):
                    first = np.int64(0) if taller == 1 else longer
                    group = longer if taller == 1 else (lanes - longer if rounds > 0 else 0)
                    if group == 0:
                        continue
                    height = rounds + taller
                    length = height * (stop - start)
                    at = np.int64(0)
                    if by_activation and not drop:
                        at = (column[tile] + start) // block
                        if spread[taller] != height:
                            _spread(vectors, frame, block, height, lines, taller)
                            spread[taller] = height
                    stride = (length + 7) >> 3 if by_weight else 0
                    base = place if stored else np.int64(0)
                    if stored:
                        place += stride * group
                    elif by_weight:
                        filled = np.int64(0)
                        for lane in range(first, first + group):
                            filled = pack_run(matrix, row[tile] + lane, height, lanes, kept, start, stop, bits, filled)
                    lot = (first, first + group)  # no slices: each would cost more than a look-up
                    products += _step_runs(by_byte, bits, base, stride, length, lines, taller, at, lot, states, cycles)
                active = lanes if rounds > 0 else longer
                slot = start // block % queue
                issue = max(issue + broadcast, latest[slot])
                latest[slot] = _pass_queue(active, cycles, issue, least, ends, sums)
            _enter(counts, frame, tile, products, rows[tile] * count, ends, sums)


@njit(cache=True, nogil=True)
def _step_words(table, bits, place, stride, blocks, lines, first, masked, words, rule, ends, sums, latest):
    """A tile whose runs all have 16 positions: each is one look-up; returns the effectual positions.

    Indices are unsigned, so that no test for negative ones stands in the way of vector instructions.
    """
    lanes, _, _, _, queue, broadcast, least = rule
    issue = np.int64(0)
    effectual = np.int64(0)
    at = np.uint64(place)
    for number in range(blocks):
        line = first + number if masked else 0
        live = np.uint16(lines[0, line, 0]) | np.uint16(lines[0, line, 1]) << np.uint16(8)
        for lane in range(np.uint64(lanes)):
            mask = np.uint16(bits[at]) | np.uint16(bits[at + np.uint64(1)]) << np.uint16(8)
            words[lane] = table[np.uint64(mask & live)]
            at += np.uint64(stride)
        slot = number % queue
        issue = max(issue + broadcast, latest[slot])
        last = np.int64(0)
        for lane in range(np.uint64(lanes)):
            cycles = np.int64(words[lane] & 255)
            effectual += np.int64(words[lane] >> 8)
            end = max(ends[lane], issue) + max(least, cycles)
            sums[lane] += cycles
            ends[lane] = end
            last = max(last, end)
        latest[slot] = last
    return effectual


@njit(cache=True, nogil=True)
def _step_runs(table, bits, base, stride, length, lines, taller, at, lot, states, cycles):
    """Cycles of the runs of a lot of lanes, eight positions a time; returns the effectual positions of all.

    The lanes go side by side, so that none waits for its own look-ups.
    """
    effectual = np.int64(0)
    for lane in range(np.uint64(lot[0]), np.uint64(lot[1])):
        states[lane] = 0
        cycles[lane] = 0
    for byte in range((length + 7) >> 3):
        live = np.uint32(lines[taller, at, byte])
        positions = np.uint64(min(length - 8 * byte, 8) - 1)
        place = np.uint64(base + byte)
        for lane in range(np.uint64(lot[0]), np.uint64(lot[1])):
            entry = table[positions, np.uint64(states[lane]) | np.uint64(bits[place] & live)]
            place += np.uint64(stride)
            cycles[lane] += entry & 255
            effectual += (entry >> 8) & 255
            states[lane] = (entry >> 16) << 8
    return effectual


@njit(cache=True, nogil=True)
def _pass_queue(lanes, cycles, issue, least, ends, sums):
    """Each lane takes the block up when it is issued and the one before is done; returns the last lane's end."""
    last = np.int64(0)
    for lane in range(np.uint64(lanes)):
        took = np.int64(cycles[lane])
        end = max(ends[lane], issue) + max(least, took)
        sums[lane] += took
        ends[lane] = end
        last = max(last, end)
    return last


@njit(cache=True, nogil=True)
def _spread(vectors, frame, block, height, lines, taller):
    """Bits of the columns that are not zero, each repeated for the rows of a lane, for all blocks of a matrix."""
    columns = vectors.shape[1]
    for at in range(lines.shape[1]):
        for byte in range(lines.shape[2]):
            lines[taller, at, byte] = 0
        place = 0
        for index in range(at * block, min((at + 1) * block, columns)):
            for _ in range(height):
                if vectors[frame, index] != 0:
                    lines[taller, at, place >> 3] |= np.uint8(1 << (place & 7))
                place += 1


@njit(cache=True, nogil=True)
def _enter(counts, frame, tile, products, positions, ends, sums):
    """Write one tile's row of ``counts``."""
    cycles = np.int64(0)
    total = np.int64(0)
    slowest = np.int64(0)
    for lane in range(ends.size):
        cycles = max(cycles, ends[lane])
        total += sums[lane]
        slowest = max(slowest, sums[lane])
    counts[frame, tile, CYCLES] = cycles
    counts[frame, tile, PRODUCTS] = products
    counts[frame, tile, POSITIONS] = positions
    counts[frame, tile, LANE_SUM] = total
    counts[frame, tile, LANE_MAX] = slowest


@njit(cache=True, nogil=True)
def _surviving(vectors, frame, first, columns, drop, kept):
    """Enter the columns that are broadcast into ``kept``; returns how many."""
    count = 0
    for at in range(first, first + columns):
        if not drop or vectors[frame, at] != 0:
            kept[count] = at
            count += 1
    return count


@njit(cache=True, nogil=True)
def step_by_position(matrix, place_of, vectors, mode, csc, rule, room, counts):
    """Any store, any window, zero columns dropped or not: one position at a time."""
    row, rows, column, columns = place_of
    by_weight, by_activation, drop = mode
    lanes, multipliers, window, block, queue, broadcast, least = rule
    ends, sums, latest, kept = room
    for frame in range(counts.shape[0]):
        for tile in range(row.size):
            count = _surviving(vectors, frame, column[tile], columns[tile], drop, kept)
            issue = np.int64(0)
            products = np.int64(0)
            positions = np.int64(0)
            for lane in range(lanes):
                ends[lane] = 0
                sums[lane] = 0
            for slot in range(queue):
                latest[slot] = 0
            for start in range(0, count, block):
                slot = start // block % queue
                issue = max(issue + broadcast, latest[slot])
                last = np.int64(0)
                for lane in range(min(lanes, rows[tile])):
                    cycles = np.int64(0)
                    taken = window
                    used = np.int64(0)
                    for index in range(start, min(start + block, count)):
                        at = kept[index]
                        alive = not by_activation or vectors[frame, at] != 0
                        zeros = 0
                        for line in range(row[tile] + lane, row[tile] + rows[tile], lanes):
                            stored = matrix[line, at] != 0
                            entries = 1
                            if csc:
                                entries = 1 + zeros // CSC_RUN if stored else 0
                                zeros = 0 if stored else zeros + 1
                            for entry in range(entries):
                                if csc:
                                    bit = 1 if alive or entry < entries - 1 else 0
                                else:
                                    bit = 1 if alive and (stored or not by_weight) else 0
                                positions += 1
                                products += bit
                                if taken == window or (bit == 1 and used == multipliers):
                                    cycles += 1
                                    taken = np.int64(1)
                                    used = np.int64(bit)
                                else:
                                    taken += 1
                                    used += bit
                    sums[lane] += cycles
                    ends[lane] = max(ends[lane], issue) + max(least, cycles)
                    last = max(last, ends[lane])
                latest[slot] = last
            _enter(counts, frame, tile, products, positions, ends, sums)
