"""One matrix on one chip: cycles and their causes, products, bytes, energy, and the product itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.chip.attribution import attribute
from azsim.chip.build import tile_layout
from azsim.chip.energy import schedule_energy
from azsim.chip.lanes import lane_cost
from azsim.chip.pipeline import run_pipeline
from azsim.chip.systolic import systolic_cost
from azsim.chip.tiles import tile_schedule
from azsim.compress.codecs import encode
from azsim.devices.spec import ChipSpec, Device, Residency
from azsim.errors import InputError


@dataclass(frozen=True, slots=True)
class MatvecCost:
    """What a matrix-vector product costs.

    Attributes:
        cycles: from the first request to the last product, on an idle chip with the memory to itself.
        causes: cause -> cycles; they add up to ``cycles``.
        effectual_products: multiplications that were done.
        positions: weight positions that the lanes took.
        stream_bytes: size of the compressed matrix.
        dram_bytes: of it, what came from DRAM: all of it or, if resident, nothing.
        bits_per_weight: of the stream.
        elapsed_ps: ``cycles`` in time.
        energy_pj: part -> energy.
        output: int32 ``(rows,)`` or ``(frames, rows)``, as the activations were given.
    """

    cycles: int
    causes: Mapping[str, int]
    effectual_products: int
    positions: int
    stream_bytes: int
    dram_bytes: int
    bits_per_weight: float
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
    residency: Residency = "streamed",
) -> MatvecCost:
    """Run ``weights @ activations`` on a processor, data-dependent and exact.

    Args:
        device: a device, or its chip alone (then the energy has no ``dram``).
        weights: int8 ``(rows, columns)``.
        activations: int8 ``(columns,)``, or ``(frames, columns)`` for several frames that share each tile.
        codec: how the weights travel.
        weight_bits: bits of an index or value, 1 to 8.
        residency: where the weights are when the job starts.

    Raises:
        InputError: shapes or types do not fit, or the codec cannot hold these weights at so many bits.
    """
    frames = _check(weights, activations)
    chip, memory = (device.chip, device.memory) if isinstance(device, Device) else (device, None)
    encoded = encode(weights, codec=codec, weight_bits=weight_bits, layout=tile_layout(chip))
    if chip.systolic:
        cost = systolic_cost(encoded.tiling, chip.systolic)
    else:
        cost = lane_cost(weights, encoded.tiling, chip.lanes, frames)
    schedule = tile_schedule("matvec", encoded, cost.over_frames(frames.shape[0]), 0, residency, chip)
    result = run_pipeline(schedule, chip)
    elapsed_ps = result.total_cycles * chip.cycle_ps
    product = frames.astype(np.int32) @ weights.astype(np.int32).T
    return MatvecCost(
        cycles=result.total_cycles,
        causes=attribute(schedule, result, chip),
        effectual_products=int(schedule.products.sum()),
        positions=int(schedule.positions.sum()),
        stream_bytes=len(encoded.data),
        dram_bytes=int(schedule.fetch_bytes.sum()),
        bits_per_weight=encoded.bits_per_weight,
        elapsed_ps=elapsed_ps,
        energy_pj=schedule_energy(schedule, chip.energy, memory, elapsed_ps),
        output=product[0] if activations.ndim == 1 else product,
    )


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
