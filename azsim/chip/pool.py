"""On-chip memory as one pool of banks, shared out anew for each matrix: activations, weights, outputs.

::

    bank   0   1   2   3   4   5   6   7
          [A] [W] [W] [W] [W] [W] [O] [O]     one matrix: short input, long output
          [A] [A] [A] [W] [W] [W] [W] [O]     another: many frames of input

A use takes whole banks. Frames that share a tile keep their inputs and 32-bit sums on the chip until the matrix is
done; so the pool says how many frames one pass may hold, and more frames take more passes over the weights.

**Source:** US 12,169,786 (buffers as configurations of one memory); sizes of the parts `assumed`.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from azsim.devices.chip_spec import ChipSpec, SramSpec
from azsim.devices.sram import SUM_BYTES, SramUse
from azsim.errors import InputError


@dataclass(frozen=True, slots=True)
class PoolConfiguration:
    """Banks given to each use; they add up to at most the chip's.

    Attributes:
        activations, weights, outputs: banks.
        free: banks left.
    """

    activations: int
    weights: int
    outputs: int
    free: int


def bank_bytes(sram: SramSpec) -> int:
    """Size of one bank; bytes that do not divide evenly are not used."""
    return max(1, sram.bytes // sram.banks)


def configure(sram: SramSpec, activation_bytes: int, weight_bytes: int, output_bytes: int) -> PoolConfiguration | None:
    """Share the banks out, or None if they do not suffice."""
    size = bank_bytes(sram)
    activations, weights, outputs = (-(-part // size) for part in (activation_bytes, weight_bytes, output_bytes))
    free = sram.banks - activations - weights - outputs
    return PoolConfiguration(activations, weights, outputs, free) if free >= 0 else None


def configure_matrix(
    chip: ChipSpec, rows: int, columns: int, frames: int, use: SramUse
) -> tuple[PoolConfiguration, int]:
    """The pool for ``frames`` frames of one matrix, and how many of them a pass holds: as many as fit.

    Args:
        chip: the processor.
        rows, columns: of the matrix; int8 inputs, 32-bit sums.
        frames: wanted.
        use: what tile buffers and resident weights take (`azsim.devices.sram`).

    Raises:
        InputError: not even one frame fits.
    """
    sram = chip.sram
    weights = use.buffer_bytes + use.resident_bytes

    def fits(held: int) -> PoolConfiguration | None:
        return configure(sram, held * columns, weights, SUM_BYTES * held * rows)

    if fits(1) is None:
        kept = f", {use.resident_bytes} of resident weights" if use.resident_bytes else ""
        raise InputError(
            f"chip.sram.bytes = {sram.bytes}: one frame of a {rows} x {columns} matrix needs {columns} bytes of "
            f"activations, {use.buffer_bytes} of weight buffers{kept} and {SUM_BYTES * rows} of sums in whole banks of "
            f"{bank_bytes(sram)}; give the chip more, or {'stream the weights' if kept else 'cut the matrix'}"
        )
    held = bisect_left(range(1, frames + 1), True, key=lambda wanted: fits(wanted) is None)
    return fits(held), held
