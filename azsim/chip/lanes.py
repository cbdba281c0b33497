"""The multiplier array: how many cycles the lanes take for a tile, and why.

::

                    block k of b columns, broadcast
                        │        │          │
    queue of q blocks  [ ]      [ ]        [ ]
                        │        │          │
    window of w       |w0w1..| |w0w1..|   |w0w1..|     a cycle takes positions from the head, at most w, and stops
                        │        │          │          before the (m+1)-th effectual one
    m multipliers      x x      x x        x x
                      lane 0   lane 1 ..  lane L-1     row r of a tile belongs to lane r mod L

``issue(k) = max(issue(k-1) + broadcast, max over lanes of end(lane, k-q))`` and
``end(lane, k) = max(end(lane, k-1), issue(k)) + max(min_block, cycles(lane, k))`` with ``issue(-1) = 0``. Queues
drain at a tile's end, and the frames of one tile run back to back with a barrier between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from azsim.chip.masks import LaneMasks, pack_masks, pack_run
from azsim.chip.window import STATE_LIMIT, states, window_table
from azsim.compress.layout import Tiling
from azsim.devices.spec import LanesSpec
from azsim.errors import InputError

CYCLES, PRODUCTS, POSITIONS, LANE_SUM, LANE_MAX = 0, 1, 2, 3, 4
CSC_RUN = 16
"""A 4-bit relative index skips at most 15 zeros; every 16th zero before an entry is stored as padding."""


@dataclass(frozen=True, slots=True)
class LaneCost:
    """What the lanes do for each frame and tile of a matrix.

    Attributes (int64, ``(frames, tiles)`` unless said; one frame if nothing depends on the activations):
        cycles: from the first broadcast to the last lane's end.
        split: ``(frames, tiles, 4)``: lanes, window, imbalance, queue; sums to ``cycles``.
        positions: weight positions taken, effectual or not.
        products: effectual ones.
    """

    cycles: np.ndarray
    split: np.ndarray
    positions: np.ndarray
    products: np.ndarray

    def over_frames(self, frames: int) -> LaneCost:
        """All ``frames`` frames of a tile back to back, as one; a cost that is the same for each is multiplied."""
        times = frames if self.cycles.shape[0] == 1 else 1
        parts = (self.cycles, self.split, self.positions, self.products)
        return LaneCost(*(times * part.sum(axis=0, keepdims=True) for part in parts))


def needs_activations(spec: LanesSpec | None) -> bool:
    """Whether the cycles depend on the activations, and not on the weights alone; never on a chip without lanes."""
    return spec is not None and (spec.skip in ("activations", "both") or spec.skip_zero_columns)


def lane_cost(
    weights: np.ndarray,
    tiling: Tiling,
    spec: LanesSpec,
    activations: np.ndarray | None = None,
    masks: LaneMasks | None = None,
) -> LaneCost:
    """Exact lane time of every tile.

    Args:
        weights: int8 ``(rows, columns)``.
        tiling: its tiles.
        spec: the lanes.
        activations: int8 ``(frames, columns)``; without them no column is known to be zero.
        masks: of these weights, if they have been packed before.

    Raises:
        InputError: the skip mode asks for activations and there are none, or their number is wrong.

    **Source:** the rule is azsim's own; its corner cases are EIE (Han et al., ISCA 2016: ``csc``, m = w = 1) and
    Cambricon-X like windows.
    """
    if activations is None and spec.skip in ("activations", "both"):
        raise InputError(
            f"chip.lanes.skip = {spec.skip!r}: needs the int8 activations of each step; give them, or skip 'weights'"
        )
    if activations is not None and (activations.ndim != 2 or activations.shape[1] != weights.shape[1]):
        raise InputError(
            f"activations: shape {activations.shape} does not fit weights of shape {weights.shape}; "
            f"(frames, {weights.shape[1]}) would"
        )
    by_weight = spec.skip in ("weights", "both")
    by_activation = spec.skip in ("activations", "both")
    drop_columns = spec.skip_zero_columns and activations is not None
    frames = 1
    if activations is not None and (by_activation or drop_columns):
        frames = activations.shape[0]
        vectors = np.require(activations, np.int8, ["C", "W"])  # one type of array, so one compiled kernel
    else:
        vectors = np.ones((1, weights.shape[1]), np.int8)
    counts = np.zeros((frames, len(tiling), 5), np.int64)
    place = (tiling.row, tiling.rows, tiling.column, tiling.columns)
    mode = (by_weight, by_activation, drop_columns)
    longest = int((-(-tiling.rows // spec.lanes)).max()) * spec.block_columns
    window = min(spec.window_positions, max(longest, spec.multipliers_per_lane))
    rule = (
        spec.lanes,
        spec.multipliers_per_lane,
        window,
        spec.block_columns,
        spec.queue_blocks,
        spec.broadcast_cycles,
        spec.min_block_cycles,
    )
    room = (
        np.zeros(spec.lanes, np.int64),
        np.zeros(spec.lanes, np.int64),
        np.zeros(spec.queue_blocks, np.int64),
        np.zeros(weights.shape[1], np.int64),
        np.full((2, longest // 8 + 1), 255, np.uint8),
    )
    matrix = np.require(weights, np.int8, ["C", "W"])
    if spec.store == "dense" and states(spec.multipliers_per_lane, window) <= STATE_LIMIT:
        if drop_columns or not by_weight:
            masks = LaneMasks(bits=np.zeros(longest // 8 + 1, np.uint8), offset=np.zeros(len(tiling), np.int64))
        elif masks is None:
            masks = pack_masks(matrix, tiling, spec.lanes, spec.block_columns)
        table = window_table(spec.multipliers_per_lane, window).reshape(8, -1)
        _by_table(matrix, masks.bits, masks.offset, place, vectors, mode, rule, table, room, counts)
    else:
        _by_position(matrix, place, vectors, mode, spec.store == "csc", rule, room, counts)
    return _cost(counts, spec)


def _cost(counts: np.ndarray, spec: LanesSpec) -> LaneCost:
    """Split the cycles by telescoping: multipliers alone, with the window, with imbalance, with the queue."""
    ideal = -(-counts[..., PRODUCTS] // (spec.lanes * spec.multipliers_per_lane))
    windowed = np.maximum(ideal, -(-counts[..., LANE_SUM] // spec.lanes))
    slowest = counts[..., LANE_MAX]
    cycles = counts[..., CYCLES]
    split = np.stack([ideal, windowed - ideal, slowest - windowed, cycles - slowest], axis=-1)
    return LaneCost(cycles=cycles, split=split, positions=counts[..., POSITIONS], products=counts[..., PRODUCTS])


@njit(cache=True, nogil=True)
def _by_table(matrix, bits, offset, place_of, vectors, mode, rule, table, room, counts):
    """Dense store, eight positions per look-up; ``bits`` holds the masks, or is room for one run if columns drop."""
    row, rows, column, columns = place_of
    by_weight, by_activation, drop = mode
    lanes, _, _, block, queue, broadcast, least = rule
    ends, sums, latest, kept, columns_mask = room
    for frame in range(counts.shape[0]):
        for tile in range(row.size):
            rounds = rows[tile] // lanes
            longer = rows[tile] % lanes
            active = lanes if rounds > 0 else longer
            count = _surviving(vectors, frame, column[tile], columns[tile], drop, kept)
            place = offset[tile]
            issue = np.int64(0)
            products = np.int64(0)
            for lane in range(lanes):
                ends[lane] = 0
                sums[lane] = 0
            for slot in range(queue):
                latest[slot] = 0
            for start in range(0, count, block):
                stop = min(start + block, count)
                if by_activation and not drop:
                    _spread(vectors, frame, kept, start, stop, rounds, columns_mask, 0)
                    _spread(vectors, frame, kept, start, stop, rounds + 1, columns_mask, 1)
                slot = start // block % queue
                issue = max(issue + broadcast, latest[slot])
                last = np.int64(0)
                for lane in range(active):
                    taller = 1 if lane < longer else 0
                    length = (rounds + taller) * (stop - start)
                    if drop and by_weight:
                        pack_run(matrix, row[tile] + lane, rounds + taller, lanes, kept, start, stop, bits, 0)
                        place = np.int64(0)
                    state = np.int32(0)
                    cycles = np.int64(0)
                    for byte in range(length >> 3):
                        mask = columns_mask[taller, byte]
                        if by_weight:
                            mask &= bits[place]
                            place += 1
                        entry = table[7, state | mask]
                        cycles += entry & 255
                        products += (entry >> 8) & 255
                        state = (entry >> 16) << 8
                    if length & 7:
                        mask = columns_mask[taller, length >> 3]
                        if by_weight:
                            mask &= bits[place]
                            place += 1
                        entry = table[(length & 7) - 1, state | mask]
                        cycles += entry & 255
                        products += (entry >> 8) & 255
                    sums[lane] += cycles
                    end = max(ends[lane], issue) + max(least, cycles)
                    ends[lane] = end
                    last = max(last, end)
                latest[slot] = last
            _enter(counts, frame, tile, products, rows[tile] * count, ends, sums)


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
def _spread(vectors, frame, kept, start, stop, height, mask, line):
    """Bits of the columns that are not zero, each repeated for the rows of a lane (as far as ``mask`` reaches)."""
    size = mask.shape[1]
    for byte in range(size):
        mask[line, byte] = 0
    place = 0
    for index in range(start, stop):
        alive = vectors[frame, kept[index]] != 0
        for _ in range(height):
            if alive and place >> 3 < size:
                mask[line, place >> 3] |= np.uint8(1 << (place & 7))
            place += 1


@njit(cache=True, nogil=True)
def _by_position(matrix, place_of, vectors, mode, csc, rule, room, counts):
    """Any store, any window, zero columns dropped or not: one position at a time."""
    row, rows, column, columns = place_of
    by_weight, by_activation, drop = mode
    lanes, multipliers, window, block, queue, broadcast, least = rule
    ends, sums, latest, kept, _ = room
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
