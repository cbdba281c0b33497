"""One matrix on one chip: cycles and their causes, products, bytes, energy, and the product itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.chip.attribution import attribute
from azsim.chip.bounds import roof_cycles
from azsim.chip.build import tile_layout
from azsim.chip.energy import schedule_energy
from azsim.chip.lanes import lane_cost
from azsim.chip.pipeline import run_pipeline
from azsim.chip.pool import PoolConfiguration, configure_matrix
from azsim.chip.row_order import address_bytes, balanced_order
from azsim.chip.schedule import TileSchedule
from azsim.chip.subword import lanes_for
from azsim.chip.systolic import systolic_cost
from azsim.chip.tiles import tile_schedule
from azsim.compress.codecs import encode
from azsim.compress.encoded import Encoded
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency
from azsim.devices.spec import Device
from azsim.errors import InputError

WIDENED_POSITIONS = 1 << 22
"""Weights that are copied to 32 bits at a time for the product itself."""


@dataclass(frozen=True, slots=True)
class MatvecCost:
    """What a matrix-vector product costs.

    Attributes:
        cycles: from the first request to the last product, on an idle chip with the memory to itself.
        causes: cause -> cycles; they add up to ``cycles``.
        roof_cycles: stage -> cycles that it needs at the very least; ``cycles`` is below none of them.
        effectual_products: multiplications that were done.
        positions: weight positions that the lanes took.
        stream_bytes: size of the compressed matrix.
        dram_bytes: of it, what came from DRAM: all of it or, if resident, nothing.
        bits_per_weight: of the stream.
        passes: over the weights; more than one if the frames do not fit into the on-chip memory together.
        pool: how its banks are shared out during a pass.
        elapsed_ps: ``cycles`` in time.
        energy_pj: part -> energy.
        output: int32 ``(rows,)`` or ``(frames, rows)``, as the activations were given.
    """

    cycles: int
    causes: Mapping[str, int]
    roof_cycles: Mapping[str, int]
    effectual_products: int
    positions: int
    stream_bytes: int
    dram_bytes: int
    bits_per_weight: float
    passes: int
    pool: PoolConfiguration
    elapsed_ps: int
    energy_pj: Mapping[str, float]
    output: np.ndarray


def matvec(
    device: Device | ChipSpec,
    weights: np.ndarray,
    activations: np.ndarray,
    *,
    codec: str = "raw",
    weight_bits: int = 8,
    residency: Residency | None = None,
) -> MatvecCost:
    """Run ``weights @ activations`` on a processor, data-dependent and exact.

    Args:
        device: a device, or its chip alone (then the energy has no ``dram``).
        weights: int8 ``(rows, columns)``.
        activations: int8 ``(columns,)``, or ``(frames, columns)`` for several frames that share each tile.
        codec: how the weights travel.
        weight_bits: bits of an index or value, 1 to 8.
        residency: where the weights are when the job starts; None: resident decoded on a chip whose weights never
            leave it, else streamed. Whether a resident matrix fits is not asked.

    Raises:
        InputError: shapes or types do not fit, the codec cannot hold these weights at so many bits, or the on-chip
            memory cannot hold one frame.
    """
    frames = _check(weights, activations)
    chip, memory = (device.chip, device.memory) if isinstance(device, Device) else (device, None)
    mode = residency or ("decoded" if chip.sram.residency == "resident" else "streamed")
    pool, held = configure_matrix(chip, *weights.shape, frames.shape[0])
    batches = _encode_batches(chip, weights, codec, weight_bits)
    passes = [frames[start : start + held] for start in range(0, frames.shape[0], held)]
    parts = [_schedule(batch, vectors, mode, chip) for vectors in passes for batch in batches]
    schedule = TileSchedule.concatenate("matvec", parts)
    stream_bytes = sum(len(batch.encoded.data) + address_bytes(chip, batch.weights.shape[0]) for batch in batches)
    result = run_pipeline(schedule, chip)
    elapsed_ps = result.total_cycles * chip.cycle_ps
    product = _product(frames, weights)
    return MatvecCost(
        cycles=result.total_cycles,
        causes=attribute(schedule, result, chip),
        roof_cycles=roof_cycles(schedule, chip),
        effectual_products=int(schedule.products.sum()),
        positions=int(schedule.positions.sum()),
        stream_bytes=stream_bytes,
        dram_bytes=int(schedule.fetch_bytes.sum()),
        bits_per_weight=8.0 * stream_bytes / weights.size,
        passes=len(passes),
        pool=pool,
        elapsed_ps=elapsed_ps,
        energy_pj=schedule_energy(schedule, chip.energy, memory, elapsed_ps),
        output=product[0] if activations.ndim == 1 else product,
    )


@dataclass(frozen=True, slots=True)
class _Batch:
    """A part of the matrix that the chip's vector registers can serve, and the columns that it multiplies."""

    weights: np.ndarray
    columns: slice
    encoded: Encoded


def _encode_batches(chip: ChipSpec, weights: np.ndarray, codec: str, weight_bits: int) -> list[_Batch]:
    """The whole matrix, or pieces of at most ``vector_limit`` rows and columns; their rows in the chip's order."""
    layout = tile_layout(chip)
    limit = (chip.lanes.vector_limit if chip.lanes else 0) or max(weights.shape)
    if chip.lanes and chip.lanes.row_order == "balanced":
        weights = weights[balanced_order(weights, layout)]
    batches = []
    for row in range(0, weights.shape[0], limit):
        for column in range(0, weights.shape[1], limit):
            columns = slice(column, column + limit)
            part = np.ascontiguousarray(weights[row : row + limit, columns])
            batches.append(_Batch(part, columns, encode(part, codec=codec, weight_bits=weight_bits, layout=layout)))
    return batches


def _schedule(batch: _Batch, vectors: np.ndarray, mode: Residency, chip: ChipSpec) -> TileSchedule:
    """One pass over one batch: all frames of a tile, then the next tile."""
    if chip.systolic:
        cost = systolic_cost(batch.encoded.tiling, chip.systolic, vectors.shape[0])
    else:
        lanes = lanes_for(batch.encoded, chip.lanes)
        taken = vectors[:, batch.columns]
        cost = lane_cost(batch.weights, batch.encoded.tiling, lanes, taken).over_frames(vectors.shape[0])
    return tile_schedule("matvec", batch.encoded, cost, 0, mode, chip)


def _product(frames: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """int32 ``(frames, rows)``, some rows at a time, so that no wide copy of a large matrix is made."""
    vectors = frames.astype(np.int32)
    some = max(1, WIDENED_POSITIONS // weights.shape[1])
    pieces = [vectors @ weights[row : row + some].astype(np.int32).T for row in range(0, weights.shape[0], some)]
    return np.concatenate(pieces, axis=1)


def _check(weights: np.ndarray, activations: np.ndarray) -> np.ndarray:
    """The activations as ``(frames, columns)``."""
    if weights.dtype != np.int8 or weights.ndim != 2 or weights.size == 0:
        raise InputError(f"weights: {weights.dtype} {weights.shape}: must be int8 (rows, columns), at least 1 x 1")
    fits = activations.ndim in (1, 2) and activations.size > 0 and activations.shape[-1] == weights.shape[1]
    if activations.dtype != np.int8 or not fits:
        raise InputError(
            f"activations: {activations.dtype} {activations.shape}: must be int8 ({weights.shape[1]},) "
            f"or (frames, {weights.shape[1]}) for weights of shape {weights.shape}"
        )
    return np.atleast_2d(activations)
