"""A dense systolic array: the baseline chip, which multiplies zeros like anything else.

::

                 C columns                 weight-stationary: R x C weights stay, activations stream from the left,
             │    │    │    │                                 partial sums leave below
        ──> [ ]──[ ]──[ ]──[ ]             output-stationary: R x C sums stay, activations stream from the left,
        ──> [ ]──[ ]──[ ]──[ ]  R rows                        weights from above
        ──> [ ]──[ ]──[ ]──[ ]             input-stationary:  R x C activations stay, weights stream from the left,
             │    │    │    │                                 partial sums leave below

A product ``(rows x inner) @ (inner x frames)`` is done in folds, one after another. With M frames, N rows of the
weight matrix and K inner positions a fold takes, and there are::

    weight-stationary   2R + C + M - 2   ceil(K/R) ceil(N/C)     R to fill, then M vectors through R + C - 1 diagonals
    output-stationary    R + C + K - 2   ceil(M/R) ceil(N/C)     sums leave while the next fold enters
    input-stationary    2R + C + N - 2   ceil(K/R) ceil(M/C)

**Source:** Samajdar et al., "A systematic methodology for characterizing scalability of DNN accelerators using
SCALE-Sim", ISPASS 2020, for the dataflows. SCALE-Sim v3.0.0 reports one cycle less per layer than these forms (it
counts from 0: its issue 125, where 4 x 4 output-stationary gives 9 and the paper's own figure 10).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.chip.lanes import LaneCost
from azsim.compress.layout import Tiling
from azsim.devices.chip_spec import SystolicSpec

SCALE_SIM_OFFSET_CYCLES = -1
"""What SCALE-Sim's "Total Cycles" without stalls are beyond these forms, per layer."""


@dataclass(frozen=True, slots=True)
class ArrayWork:
    """One matrix product on the array.

    Attributes:
        folds: times that the array is filled anew.
        fill_cycles: of a fold: to fill it, to reach the far corner, to drain.
        stream_cycles: of a fold: operands that pass one after another.
        activation_reads, weight_reads, output_writes: bytes, bytes and partial sums between array and on-chip memory.
    """

    folds: int
    fill_cycles: int
    stream_cycles: int
    activation_reads: int
    weight_reads: int
    output_writes: int

    @property
    def cycles(self) -> int:
        """The closed form: folds x (fill + stream)."""
        return self.folds * (self.fill_cycles + self.stream_cycles)


@dataclass(frozen=True, slots=True)
class ArrayCost(LaneCost):
    """What the array does for the tiles of a matrix; frames that share a fold cost less than one after another."""

    tiling: Tiling
    spec: SystolicSpec

    def over_frames(self, frames: int) -> ArrayCost:
        """The cost of ``frames`` frames multiplied together, instead of what is here."""
        return systolic_cost(self.tiling, self.spec, frames)


def array_work(rows: int, columns: int, frames: int, spec: SystolicSpec) -> ArrayWork:
    """Cycles and traffic of ``weights (rows, columns) @ activations (columns, frames)``.

    **Source:** this module's forms; traffic as SCALE-Sim counts it, which writes 2,048 words more in its one
    output-stationary golden run.
    """
    height, width = spec.rows, spec.columns
    inner, across = -(-columns // height), -(-rows // width)
    if spec.dataflow == "weight-stationary":
        return ArrayWork(
            folds=inner * across,
            fill_cycles=2 * height + width - 2,
            stream_cycles=frames,
            activation_reads=frames * columns * across,
            weight_reads=rows * columns,
            output_writes=frames * rows * inner,
        )
    if spec.dataflow == "output-stationary":
        down = -(-frames // height)
        return ArrayWork(
            folds=down * across,
            fill_cycles=height + width - 2,
            stream_cycles=columns,
            activation_reads=frames * columns * across,
            weight_reads=rows * columns * down,
            output_writes=frames * rows,
        )
    across = -(-frames // width)
    return ArrayWork(
        folds=inner * across,
        fill_cycles=2 * height + width - 2,
        stream_cycles=rows,
        activation_reads=frames * columns,
        weight_reads=rows * columns * across,
        output_writes=frames * rows * inner,
    )


def systolic_cost(tiling: Tiling, spec: SystolicSpec, frames: int = 1) -> ArrayCost:
    """Array time of every tile of a matrix, all frames together; the tiles add up to the closed form exactly.

    Weights are handed over tile by tile, but a tile's edge does not break a fold: a tile takes its share of the
    matrix's cycles, by the R x C pieces in it (weight-stationary: exactly the folds of its own). Of them ``lanes`` is
    the products over all cells, ``imbalance`` the cells that the last rows, columns and frames leave idle, ``queue``
    filling and draining; ``window`` is 0.

    Args:
        tiling: of the matrix; its lanes are the array's columns and its blocks the array's rows.
        spec: the array.
        frames: that are multiplied together.

    Returns:
        One "frame" that stands for all; ``positions`` are weights read from on-chip memory.

    **Source:** the share of a tile is azsim's own.
    """
    rows, columns = int((tiling.row + tiling.rows).max()), int((tiling.column + tiling.columns).max())
    work = array_work(rows, columns, frames, spec)
    pieces = -(-tiling.columns // spec.rows) * -(-tiling.rows // spec.columns)
    cycles = _shares(work.cycles, pieces)
    products = tiling.positions * frames
    ideal = np.minimum(-(-products // (spec.rows * spec.columns)), cycles)
    streamed = np.clip(_shares(work.folds * work.stream_cycles, pieces), ideal, cycles)
    split = np.stack([ideal, np.zeros_like(ideal), streamed - ideal, cycles - streamed], axis=-1)
    reads = tiling.positions * (work.weight_reads // (rows * columns))
    return ArrayCost(cycles[None], split[None], reads[None], products[None], tiling, spec)


def weights_per_cycle(spec: SystolicSpec, frames: int) -> float:
    """Weights of a large matrix that the array gets through in a cycle, each used for ``frames`` frames."""
    if spec.dataflow == "weight-stationary":
        return spec.rows * spec.columns / (2 * spec.rows + spec.columns + frames - 2)
    if spec.dataflow == "output-stationary":
        return spec.columns / -(-frames // spec.rows)
    return spec.rows / -(-frames // spec.columns)


def _shares(total: int, parts: np.ndarray) -> np.ndarray:
    """``total`` divided in proportion to ``parts``, whole numbers that add up to it; int64."""
    edges = total * np.cumsum(parts) // int(parts.sum())
    return np.diff(edges, prepend=0)
