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

import msgspec
import numpy as np

from azsim.chip.lane_kernels import (
    CYCLES,
    LANE_MAX,
    LANE_SUM,
    POSITIONS,
    PRODUCTS,
    step_by_position,
    step_by_table,
)
from azsim.chip.masks import LaneMasks, pack_masks
from azsim.chip.window import STATE_LIMIT, states, window_table, word_table
from azsim.compress.layout import Tiling
from azsim.devices.chip_spec import ChipSpec, LanesSpec
from azsim.errors import InputError


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


def without_activations(chip: ChipSpec) -> ChipSpec:
    """The chip as runs find it whose activations are not known: none of them counts as zero, an upper bound of time."""
    if not needs_activations(chip.lanes):
        return chip
    skip = {"activations": "none", "both": "weights"}.get(chip.lanes.skip, chip.lanes.skip)
    return msgspec.structs.replace(chip, lanes=msgspec.structs.replace(chip.lanes, skip=skip, skip_zero_columns=False))


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
    matrix = np.require(weights, np.int8, ["C", "W"])
    kept = np.zeros(weights.shape[1], np.int64)
    room = (np.zeros(spec.lanes, np.int64), np.zeros(spec.lanes, np.int64), np.zeros(spec.queue_blocks, np.int64), kept)
    if spec.store == "dense" and states(spec.multipliers_per_lane, window) <= STATE_LIMIT:
        run_bytes = longest // 8 + 1
        if drop_columns or not by_weight:
            bits = np.full(spec.lanes * run_bytes, 255, np.uint8)
            masks = LaneMasks(bits=bits, offset=np.zeros(len(tiling), np.int64))
        elif masks is None:
            masks = pack_masks(matrix, tiling, spec.lanes, spec.block_columns)
        blocks = -(-weights.shape[1] // spec.block_columns)
        stepping = (
            np.full((2, blocks if by_activation and not drop_columns else 1, run_bytes), 255, np.uint8),
            np.zeros(2, np.int64),
            np.zeros(spec.lanes, np.int32),
            np.zeros(spec.lanes, np.int32),
            np.zeros(spec.lanes, np.uint16),
        )
        tables = (
            window_table(spec.multipliers_per_lane, window).reshape(8, -1),
            word_table(spec.multipliers_per_lane, window),
        )
        step_by_table(matrix, masks.bits, masks.offset, place, vectors, mode, rule, tables, stepping, room, counts)
    else:
        step_by_position(matrix, place, vectors, mode, spec.store == "csc", rule, room, counts)
    return _cost(counts, spec)


def _cost(counts: np.ndarray, spec: LanesSpec) -> LaneCost:
    """Split the cycles by telescoping: multipliers alone, with the window, with imbalance, with the queue."""
    ideal = -(-counts[..., PRODUCTS] // (spec.lanes * spec.multipliers_per_lane))
    windowed = np.maximum(ideal, -(-counts[..., LANE_SUM] // spec.lanes))
    slowest = counts[..., LANE_MAX]
    cycles = counts[..., CYCLES]
    split = np.stack([ideal, windowed - ideal, slowest - windowed, cycles - slowest], axis=-1)
    return LaneCost(cycles=cycles, split=split, positions=counts[..., POSITIONS], products=counts[..., PRODUCTS])
