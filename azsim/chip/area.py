"""A first estimate of the chip's area: how much of each part there is, times what one of it takes at 45 nm.

::

    on-chip memory  |  multipliers, accumulators, windows, queues  or  cells  |  decoder  |  vector unit  |  filler
    bits x um2/bit     per lane or per cell                                     per stream   per element     share

All constants are 40 or 45 nm, so the sum is of that node whatever node the device's energies are of; compare parts and
devices, not square millimetres. Control, DMA, pads and the clock tree are not in it.

**Source:** beside each constant. EIE's 64 elements come out within 3 % of the 40.8 mm2 of its paper; since nine tenths
of it are memory, whose density is one of the constants, that checks the counts rather than the constants.
"""

from __future__ import annotations

from dataclasses import dataclass

from azsim.devices.chip_spec import ChipSpec, DecoderSpec, LanesSpec, SystolicSpec, VectorSpec
from azsim.devices.spec import Device

NODE_NM = 45

SRAM_UM2_PER_BIT = 469_412 / (128 * 1024 * 8)
"""0.448, with its read logic. **Source:** EIE (Han et al., ISCA 2016), Table II: SpmatRead, 128 KB, 45 nm."""
SMALL_MEMORY_UM2_PER_BIT = 18_934 / (2 * 1024 * 8)
"""1.156, with its read and write logic. **Source:** EIE, Table II: ActRW, 2 KB, 45 nm."""
REGISTER_UM2_PER_BIT = 5.98
"""**Source:** Aladdin (Shao et al., ISCA 2014), table of Accelergy's plug-in: register, 40 nm, 1 ns."""
MULTIPLIER_8_UM2 = 282.0
"""**Source:** Hennessy and Patterson, 6th ed., Fig. 1.13: 8-bit multiply, TSMC 45 nm."""
ADDER_32_UM2 = 137.0
"""**Source:** same: 32-bit add."""
ADDER_8_UM2 = 36.0
"""**Source:** same: 8-bit add."""
NONZERO_DETECT_UM2 = 189.0
"""Finds the first non-zero of four. **Source:** EIE, Table II and section IV: LNZD unit, 45 nm."""
FILLER_SHARE = 0.0376
"""Of the whole. **Source:** EIE, Table II: filler cells, 3.76 %."""

PALETTE_BITS = 256 * 8
TABLE_BITS = 1025 * 16
"""One function table of the integer engine: 1025 int16 entries."""


@dataclass(frozen=True, slots=True)
class AreaPart:
    """One part of the chip: its name, its area at 45 nm, and what the number is made of."""

    part: str
    area_mm2: float
    source: str


def area(device: Device | ChipSpec) -> list[AreaPart]:
    """The parts of the neural processor, the filler last; `total_mm2` adds them up."""
    chip = device.chip if isinstance(device, Device) else device
    engine = _array(chip.systolic) if chip.systolic else _lanes(chip.lanes)
    parts = [
        _part("on-chip memory", 8 * chip.sram.bytes * SRAM_UM2_PER_BIT, "EIE Table II, SpmatRead: 0.448 um2 per bit"),
        *engine,
        _part("decoder", _decoder_um2(chip.decoder), "EIE Table II, ActRW per palette bit; Aladdin registers; adders"),
        _part("vector unit", _vector_um2(chip.vector), "four 8-bit multipliers and an adder per element; EIE ActRW"),
    ]
    whole_mm2 = sum(part.area_mm2 for part in parts) / (1 - FILLER_SHARE)
    return [*parts, AreaPart("filler", whole_mm2 * FILLER_SHARE, "EIE Table II: 3.76 % of the whole")]


def total_mm2(parts: list[AreaPart]) -> float:
    """The area of all parts."""
    return sum(part.area_mm2 for part in parts)


def _part(name: str, area_um2: float, source: str) -> AreaPart:
    return AreaPart(name, area_um2 * 1e-6, source)


def _lanes(spec: LanesSpec) -> list[AreaPart]:
    """A lane: multipliers with an adder and a sum each, a window of weights, what finds the effectual ones, a queue.

    A multiplier that does two 4-bit products has two sums.
    """
    multipliers = spec.lanes * spec.multipliers_per_lane
    sums_um2 = multipliers * (2 if spec.subword else 1) * (ADDER_32_UM2 + 32 * REGISTER_UM2_PER_BIT)
    choosers = multipliers * _detectors(spec.window_positions) if spec.skip != "none" else 0
    choosers += _detectors(spec.lanes) if spec.skip_zero_columns else 0
    window_um2 = spec.lanes * spec.window_positions * 8 * REGISTER_UM2_PER_BIT + choosers * NONZERO_DETECT_UM2
    queue_bits = spec.lanes * spec.queue_blocks * spec.block_columns * 8
    return [
        _part("multipliers", multipliers * MULTIPLIER_8_UM2, "Hennessy and Patterson Fig. 1.13: 282 um2 per 8 bits"),
        _part("accumulators", sums_um2, "Hennessy and Patterson Fig. 1.13: 137 um2; Aladdin: 5.98 um2 per bit"),
        _part("windows and zero skipping", window_um2, "Aladdin registers; EIE Table II, LNZD: 189 um2 per 4 inputs"),
        _part("activation queues", queue_bits * REGISTER_UM2_PER_BIT, "Aladdin: 5.98 um2 per bit"),
    ]


def _array(spec: SystolicSpec) -> list[AreaPart]:
    """A cell: a multiplier, an adder, and registers for a weight, an activation and a 32-bit sum."""
    cells = spec.rows * spec.columns
    cell_um2 = MULTIPLIER_8_UM2 + ADDER_32_UM2 + (8 + 8 + 32) * REGISTER_UM2_PER_BIT
    source = "Hennessy and Patterson Fig. 1.13: 282 + 137 um2; Aladdin: 48 bits of 5.98 um2"
    return [_part("systolic cells", cells * cell_um2, source)]


def _detectors(inputs: int) -> int:
    """Four-input units in a tree that finds the first non-zero of so many."""
    return -(-(inputs - 1) // 3)


def _decoder_um2(spec: DecoderSpec) -> float:
    """A stream: a shifter two words long, a prefix sum over the bitmap, a palette per value read, weights going out."""
    registers = 2 * spec.bits_per_cycle + 8 * spec.positions_per_cycle
    prefix_um2 = spec.positions_per_cycle * ADDER_8_UM2
    palettes_um2 = spec.values_per_cycle * PALETTE_BITS * SMALL_MEMORY_UM2_PER_BIT
    return spec.streams * (registers * REGISTER_UM2_PER_BIT + prefix_um2 + palettes_um2)


def _vector_um2(spec: VectorSpec) -> float:
    """An element: a 16-bit multiplier (four of 8), an adder, operands; and every function table per table read."""
    element_um2 = 4 * MULTIPLIER_8_UM2 + ADDER_32_UM2 + 64 * REGISTER_UM2_PER_BIT
    tables = sum(function != "multiply-add" for function in spec.functions) * TABLE_BITS
    return spec.elements_per_cycle * element_um2 + spec.table_ports * tables * SMALL_MEMORY_UM2_PER_BIT
