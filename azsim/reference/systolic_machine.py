"""A slow systolic array that moves every operand one cell per cycle; it shares no formula with azsim.chip.systolic.

Each cell knows what stands in its registers and nothing else: it multiplies, adds, and hands on to the right and below.
The machine returns the product, too, so that a test can see that what it counted was the whole work.
"""

from __future__ import annotations

import numpy as np


def run(weights: np.ndarray, activations: np.ndarray, height: int, width: int, dataflow: str) -> tuple[int, np.ndarray]:
    """Cycles and result of ``weights (rows, inner) @ activations (inner, frames)``, fold after fold."""
    rows, inner = weights.shape
    frames = activations.shape[1]
    result = np.zeros((rows, frames), np.int64)
    cycles = 0
    if dataflow == "weight-stationary":
        for at in range(0, inner, height):
            for row in range(0, rows, width):
                kept = weights[row : row + width, at : at + height].T
                spent, sums = stationary(kept, activations[at : at + height].T, height, width)
                result[row : row + width] += sums.T
                cycles += spent
    elif dataflow == "input-stationary":
        for at in range(0, inner, height):
            for frame in range(0, frames, width):
                kept = activations[at : at + height, frame : frame + width]
                spent, sums = stationary(kept, weights[:, at : at + height], height, width)
                result[:, frame : frame + width] += sums
                cycles += spent
    else:
        for frame in range(0, frames, height):
            for row in range(0, rows, width):
                left, above = activations[:, frame : frame + height].T, weights[row : row + width].T
                spent, sums = output_stationary(left, above, height, width)
                result[row : row + width, frame : frame + height] += sums.T
                cycles += spent
    return cycles, result


def stationary(kept: np.ndarray, stream: np.ndarray, height: int, width: int) -> tuple[int, np.ndarray]:
    """``stream (vectors, inner) @ kept (inner, across)``: the kept operand is shifted in from above, then vectors pass.

    Element k of a vector enters row k one cycle after element k - 1 entered its row; sums leave at the bottom.
    """
    held = np.zeros((height, width), np.int64)
    full = np.zeros((height, width), np.int64)
    full[: kept.shape[0], : kept.shape[1]] = kept
    cycles = 0
    for step in range(height):
        held[1:] = held[:-1].copy()
        held[0] = full[height - 1 - step]
        cycles += 1
    vectors = stream.shape[0]
    moving = np.zeros((height, width), np.int64)
    label = np.full((height, width), -1)
    sums = np.zeros((height, width), np.int64)
    done = np.zeros((vectors, width), np.int64)
    left = vectors * width
    step = 0
    while left:
        for row in range(height - 1, -1, -1):
            for column in range(width - 1, -1, -1):
                if column:
                    moving[row, column], label[row, column] = moving[row, column - 1], label[row, column - 1]
                else:
                    vector = step - row
                    here = 0 <= vector < vectors
                    label[row, 0] = vector if here else -1
                    moving[row, 0] = stream[vector, row] if here and row < stream.shape[1] else 0
                above = sums[row - 1, column] if row else 0
                sums[row, column] = above + moving[row, column] * held[row, column]
        for column in range(width):
            if label[height - 1, column] >= 0:
                done[label[height - 1, column], column] = sums[height - 1, column]
                left -= 1
        step += 1
        cycles += 1
    return cycles, done[:, : kept.shape[1]]


def output_stationary(left: np.ndarray, above: np.ndarray, height: int, width: int) -> tuple[int, np.ndarray]:
    """``left (down, inner) @ above (inner, across)``: both operands pass, each row and column one cycle later.

    The fold ends when the cell in the far corner has seen its last pair; sums leave while the next fold enters.
    """
    inner = left.shape[1]
    across = np.zeros((height, width), np.int64)
    down = np.zeros((height, width), np.int64)
    sums = np.zeros((height, width), np.int64)
    seen = np.zeros((height, width), np.int64)
    at = np.full((height, width), -1)
    cycles = 0
    while seen[-1, -1] < inner:
        for row in range(height - 1, -1, -1):
            for column in range(width - 1, -1, -1):
                pair = cycles - row if column == 0 else at[row, column - 1]
                at[row, column] = pair
                alive = 0 <= pair < inner
                if column:
                    across[row, column] = across[row, column - 1]
                else:
                    across[row, 0] = left[row, pair] if alive and row < left.shape[0] else 0
                if row:
                    down[row, column] = down[row - 1, column]
                else:
                    pair_above = cycles - column
                    has = 0 <= pair_above < inner and column < above.shape[1]
                    down[0, column] = above[pair_above, column] if has else 0
                if alive:
                    sums[row, column] += across[row, column] * down[row, column]
                    seen[row, column] += 1
        cycles += 1
    return cycles, sums[: left.shape[0], : above.shape[1]]
