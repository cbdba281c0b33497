"""One matrix on one chip: cycles and their causes, products, bytes, energy, and the product itself.

::

    matrix ──row order, pieces──> a network of one program ──> Deployment on the chip alone ─┐
    frames ──as many a job as the pool of banks holds──> Work ───────────────────────────────┴─> schedules ──> cost
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from azsim import budget
from azsim.chip.attribution import CAUSES, time_by_cause
from azsim.chip.energy import schedule_energy
from azsim.chip.kept import kept_bytes, working_use
from azsim.chip.pool import PoolConfiguration, configure_matrix
from azsim.chip.residency import ResidencyPlan
from azsim.chip.roofline import roof_cycles
from azsim.chip.row_order import address_bytes
from azsim.chip.schedule import CpuWork, Sections, TileSchedule
from azsim.compress.network import CompressedNetwork
from azsim.deploy.deployment import Deployment
from azsim.deploy.matrix_network import NAME, compressed_matrix
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency, check_choice
from azsim.devices.spec import Device
from azsim.devices.sram import in_lines
from azsim.errors import InputError
from azsim.nn.sums import check_sums, largest
from azsim.soc.job_graph import run_of
from azsim.speech.work import Job, Work, chained
from azsim.summary import Summarised

STREAM_BYTES = 24
"""Of memory for each decoder stream of each tile: positions, values and bits."""
WIDENED_POSITIONS = 1 << 22
"""Weights that are copied to 32 bits at a time for the product itself."""


@dataclass(frozen=True, slots=True, repr=False)
class MatvecCost(Summarised):
    """What a matrix-vector product costs.

    Attributes:
        cycles: from the first request to the last output, requantised; on an idle chip with the memory to itself.
        causes: cause -> cycles; they add up to ``cycles``.
        roof_cycles: stage -> cycles that it needs at the very least; ``cycles`` is below none of them.
        effectual_products: multiplications that were done.
        positions: weight positions that the lanes took.
        stream_bytes: size of the compressed matrix.
        dram_bytes: of it, what came from DRAM: all of it or, if resident, nothing.
        bits_per_weight: of the stream.
        cpu_elements: of functions that the chip's vector unit lacks; their time on the CPU is not in ``cycles``.
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
    cpu_elements: int
    passes: int
    pool: PoolConfiguration
    elapsed_ps: int
    energy_pj: Mapping[str, float]
    output: np.ndarray

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "cycles": self.cycles,
            "effectual_products": self.effectual_products,
            "dram_bytes": self.dram_bytes,
            "bits_per_weight": self.bits_per_weight,
            "energy_pj": sum(self.energy_pj.values()),
            "output": self.output.shape,
        }


def matvec(
    device: Device | ChipSpec,
    weights: np.ndarray,
    activations: np.ndarray,
    *,
    codec: str = "raw",
    weight_bits: int = 8,
    residency: Residency | None = None,
) -> MatvecCost:
    """Run ``weights @ activations`` on a processor, data-dependent and exact; the outputs get a bias, requantised.

    Args:
        device: a device, or its chip alone (then the energy has no ``dram``).
        weights: int8 ``(rows, columns)``.
        activations: int8 ``(columns,)``, or ``(frames, columns)`` for several frames that share each tile.
        codec: how the weights travel.
        weight_bits: bits of an index or value, 1 to 8.
        residency: where the weights are when the job starts: ``streamed``, ``compressed`` or ``decoded``; None:
            resident decoded on a chip whose weights never leave it, else streamed.

    Raises:
        InputError: shapes, types or a choice do not fit, a sum may exceed an int32, the codec cannot hold these weights
            at so many bits, or the on-chip memory cannot hold one frame and the weights that are to stay.
    """
    frames = _check(weights, activations)
    if residency is not None:
        check_choice(residency, Residency, "residency")
    chip, memory = (device.chip, device.memory) if isinstance(device, Device) else (device, None)
    streams, tiles = chip.decoder.streams, -(-weights.size // chip.sram.tile_positions)
    budget.require(
        STREAM_BYTES * streams * tiles,
        what=f"{streams:,} decoder streams in each of {tiles:,} tiles",
        where=f"chip.decoder.streams = {streams}",
    )
    mode: Residency = residency or ("decoded" if chip.sram.residency == "resident" else "streamed")
    small, columns = compressed_matrix(chip, weights, codec, weight_bits)
    plan = _plan(chip, small, mode)
    pool, held = configure_matrix(chip, *weights.shape, frames.shape[0], plan.use)
    work = _work(frames, held, columns)
    deployed = Deployment(chip, small, plan)
    runs = deployed.schedules_of(work)
    parts: list[TileSchedule | CpuWork] = []
    for job in work.jobs:
        run = run_of(job, runs)
        parts += run.parts if isinstance(run, Sections) else (run,)
    schedules = _joined(parts)
    schedule = TileSchedule.concatenate(NAME, schedules)
    causes = dict.fromkeys(CAUSES, 0)
    for section in schedules:
        for cause, cycles in time_by_cause(section, chip).items():
            causes[cause] += cycles
    stream_bytes = sum(
        len(matrix.encoded.data) + address_bytes(chip, matrix.encoded.shape[0]) for matrix in small.matrices.values()
    )
    elapsed_ps = chip.clock.ps(sum(causes.values()))
    product = _product(frames, weights)
    return MatvecCost(
        cycles=sum(causes.values()),
        causes=causes,
        roof_cycles=roof_cycles(schedule, chip),
        effectual_products=int(schedule.products.sum()),
        positions=int(schedule.positions.sum()),
        stream_bytes=stream_bytes,
        dram_bytes=int(schedule.fetch_bytes.sum()),
        bits_per_weight=8.0 * stream_bytes / weights.size,
        cpu_elements=sum(part.elements for part in parts if isinstance(part, CpuWork)),
        passes=len(work.jobs),
        pool=pool,
        elapsed_ps=elapsed_ps,
        energy_pj=schedule_energy(schedule, chip.energy, memory, elapsed_ps),
        output=product[0] if activations.ndim == 1 else product,
    )


def _plan(chip: ChipSpec, small: CompressedNetwork, mode: Residency) -> ResidencyPlan:
    """All of the matrix in one mode; what beside it takes memory is the pool's to share out."""
    modes = dict.fromkeys(small.matrices, mode)
    use = working_use(chip, small, tuple(modes), tiles_move=None if mode == "decoded" else True)
    sizes = [kept_bytes(chip, small, name) for name in modes]
    kept = sum(in_lines(size[mode]) for size in sizes)
    brought = sum(size["compressed"] for size in sizes) if mode != "streamed" else 0
    return ResidencyPlan(modes, brought, replace(use, resident_bytes=kept))


def _work(frames: np.ndarray, held: int, columns: Mapping[str, slice]) -> Work:
    """One job for as many frames as may share the tiles of a pass."""
    starts = range(0, len(frames), held)
    jobs = [
        Job("npu", NAME, step, 0, units=min(held, len(frames) - start), invocation=start)
        for step, start in enumerate(starts)
    ]
    return Work(
        utterance=NAME,
        audio_ms=0,
        speech_end_ms=None,
        speech_end_estimated=False,
        endpoint_ms=0,
        first_label_step=-1,
        last_label_step=-1,
        steps=len(jobs),
        step_ms=1,
        jobs=chained(jobs),
        inputs={name: frames[:, taken] for name, taken in columns.items()},
    )


def _joined(parts: Sequence[TileSchedule | CpuWork]) -> list[TileSchedule]:
    """What the chip does between two pieces of the CPU's work, each as one job."""
    sections: list[list[TileSchedule]] = [[]]
    for part in parts:
        if isinstance(part, CpuWork):
            sections.append([])
        else:
            sections[-1].append(part)
    return [TileSchedule.concatenate(NAME, section) for section in sections if section]


def _product(frames: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """int32 ``(frames, rows)``, some rows at a time, so that no wide copy of a large matrix is made."""
    vectors = frames.astype(np.int32)
    some = max(1, WIDENED_POSITIONS // weights.shape[1])
    pieces = [vectors @ weights[row : row + some].astype(np.int32).T for row in range(0, weights.shape[0], some)]
    return np.concatenate(pieces, axis=1)


def _check(weights: np.ndarray, activations: np.ndarray) -> np.ndarray:
    """The activations as ``(frames, columns)``."""
    for name, array in (("weights", weights), ("activations", activations)):
        if not isinstance(array, np.ndarray):
            raise InputError(f"{name}: {type(array).__name__}: must be a NumPy array of int8")
    if weights.dtype != np.int8 or weights.ndim != 2 or weights.size == 0:
        raise InputError(f"weights: {weights.dtype} {weights.shape}: must be int8 (rows, columns), at least 1 x 1")
    fits = activations.ndim in (1, 2) and activations.size > 0 and activations.shape[-1] == weights.shape[1]
    if activations.dtype != np.int8 or not fits:
        raise InputError(
            f"activations: {activations.dtype} {activations.shape}: must be int8 ({weights.shape[1]},) "
            f"or (frames, {weights.shape[1]}) for weights of shape {weights.shape}"
        )
    check_sums("weights", weights.shape[1], largest(activations), largest(weights))
    return np.atleast_2d(activations)
