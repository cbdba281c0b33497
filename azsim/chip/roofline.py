"""Which stage holds the chip back: its ceilings, where the layers stand below them, and when skipping zeros pays.

::

    weights per cycle:   DRAM 8·bytes_per_cycle / bits  |  decoder  |  L·m / (frames·density)  |  L·w / frames
                         the smallest of them binds; resident weights need no DRAM, resident decoded ones no decoder
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from azsim.chip.pipeline import run_pipeline
from azsim.chip.schedule import TileSchedule
from azsim.chip.systolic import weights_per_cycle
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.ports import port_reads
from azsim.devices.quantities import Residency

FRAMES = (1, 2, 4, 8)
STAGES = ("dram", "decoder", "multipliers", "window")


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The chip's limits, in multiply-accumulates per second (zeros counted) and bytes per second.

    Attributes:
        multipliers_gmacs: multipliers x clock, twice that where they do two products of 4 bits; less where the port of
            the on-chip memory makes them wait.
        window_gmacs: lanes x window x clock: what skipping can reach at best, with the same provisos; a dense array's
            multipliers once more.
        decoder_gpositions: positions that the decoder gives per second, x 1e9: a ceiling at one frame per tile.
        dram_gbps: the port, gigabytes per second.
    """

    multipliers_gmacs: float
    window_gmacs: float
    decoder_gpositions: float
    dram_gbps: float


@dataclass(frozen=True, slots=True)
class Roofs:
    """The three roofs for weights of one kind, multiply-accumulates per second x 1e9 (zeros counted).

    The first two are for weights that serve one frame; with n frames per tile they stand n times as high.

    Attributes:
        dram_gmacs: streamed weights at the compressed rate.
        decoder_gmacs: weights out of the decoder.
        mac_gmacs: multipliers, no zero skipped.
    """

    dram_gmacs: float
    decoder_gmacs: float
    mac_gmacs: float


@dataclass(frozen=True, slots=True)
class LayerPoint:
    """Where a schedule stands below the ceilings.

    Attributes:
        name: of the schedule.
        macs: weight positions taken, zeros included.
        dram_bytes: fetched for it, 0 if resident.
        cycles: that it took on the chip alone.
        gmacs: ``macs`` per nanosecond.
        macs_per_byte: arithmetic intensity, infinite if nothing was fetched.
    """

    name: str
    macs: int
    dram_bytes: int
    cycles: int
    gmacs: float
    macs_per_byte: float


@dataclass(frozen=True, slots=True)
class Binding:
    """Weights per cycle that each stage could keep up with, each weight used for ``frames`` frames.

    Attributes:
        residency, frames: the case.
        rates: stage -> weights per cycle, infinite where the stage is not used.
        stage: the slowest.
        skip_gain: time without zero skipping / time with it, as far as rates tell.
    """

    residency: Residency
    frames: int
    rates: Mapping[str, float]
    stage: str
    skip_gain: float


def ceilings(chip: ChipSpec) -> Ceilings:
    """The roofs of a chip."""
    ghz = chip.clock_mhz / 1e3
    each = products_per_cycle(chip) / chip.multipliers
    window = chip.lanes.lanes * chip.lanes.window_positions if chip.lanes else chip.multipliers
    return Ceilings(
        multipliers_gmacs=_stalled(chip.multipliers, chip, False) * each * ghz,
        window_gmacs=_stalled(window, chip, False) * each * ghz,
        decoder_gpositions=chip.decoder.streams * chip.decoder.positions_per_cycle * ghz,
        dram_gbps=chip.port.bytes_per_cycle * ghz,
    )


def roofs(chip: ChipSpec, bits_per_weight: float, values_per_position: float = 1.0) -> Roofs:
    """The three roofs of a chip for weights of so many bits in the stream."""
    rates = _rates(chip, bits_per_weight, 1.0, 1, "streamed", values_per_position, False)
    ghz = chip.clock_mhz / 1e3
    return Roofs(rates["dram"] * ghz, rates["decoder"] * ghz, _stalled(chip.multipliers, chip, True) * ghz)


def layer_point(schedule: TileSchedule, chip: ChipSpec) -> LayerPoint:
    """Achieved speed and intensity of one schedule on the chip alone."""
    cycles = run_pipeline(schedule, chip).total_cycles
    macs, fetched = int(schedule.positions.sum()), int(schedule.fetch_bytes.sum())
    return LayerPoint(
        name=schedule.name,
        macs=macs,
        dram_bytes=fetched,
        cycles=cycles,
        gmacs=macs * chip.clock_mhz / 1e3 / cycles if cycles else 0.0,
        macs_per_byte=macs / fetched if fetched else math.inf,
    )


def binding(
    chip: ChipSpec,
    bits_per_weight: float,
    density: float,
    *,
    frames: int = 1,
    residency: Residency = "streamed",
    values_per_position: float = 1.0,
    narrow: bool = False,
) -> Binding:
    """The stage that holds back a matrix of many tiles, from rates alone (no start-up, imbalance or queue).

    Args:
        chip: the processor.
        bits_per_weight: in the stream.
        density: share of effectual positions if zeros are skipped.
        frames: that share a tile.
        residency: where the weights are.
        values_per_position: share of positions for which the decoder reads a value (``zvsv``: the density).
        narrow: uniform values of at most 4 bits, of which sub-word multipliers do two at once.
    """
    rates = _rates(chip, bits_per_weight, density, frames, residency, values_per_position, narrow)
    dense = _rates(chip, bits_per_weight, 1.0, frames, residency, values_per_position, narrow)
    stage = min(STAGES, key=lambda name: rates[name])
    return Binding(residency, frames, rates, stage, min(rates.values()) / min(dense.values()))


def binding_table(
    chip: ChipSpec, bits_per_weight: float, density: float, values_per_position: float = 1.0
) -> list[Binding]:
    """Streamed and resident (decoded), at 1, 2, 4 and 8 frames."""
    modes: tuple[Residency, ...] = ("streamed", "decoded")
    return [
        binding(chip, bits_per_weight, density, frames=frames, residency=mode, values_per_position=values_per_position)
        for mode in modes
        for frames in FRAMES
    ]


def _rates(
    chip: ChipSpec, bits: float, density: float, frames: int, residency: Residency, values: float, narrow: bool
) -> dict[str, float]:
    lanes, decoder = chip.lanes, chip.decoder
    decodes = residency != "decoded"
    if lanes is None:
        multipliers = window = weights_per_cycle(chip.systolic, frames)
    else:
        products = frames * (density if lanes.skip != "none" else 1.0)
        at_once = 2 if narrow and lanes.subword else 1
        multipliers = at_once * chip.multipliers / products if products else math.inf
        window = at_once * lanes.lanes * lanes.window_positions / frames
    per_stream = min(
        decoder.positions_per_cycle,
        decoder.values_per_cycle / values if values else math.inf,
        decoder.bits_per_cycle / bits if bits else math.inf,
    )
    return {
        "dram": 8.0 * chip.port.bytes_per_cycle / bits if residency == "streamed" and bits else math.inf,
        "decoder": decoder.streams * per_stream if decodes else math.inf,
        "multipliers": _stalled(multipliers, chip, decodes),
        "window": _stalled(window, chip, decodes),
    }


def _stalled(rate: float, chip: ChipSpec, decodes: bool) -> float:
    """Weights per cycle of the array with the stalls of the on-chip memory's port (`azsim.chip.conflicts`)."""
    if chip.sram.on_conflict == "refuse" or not rate or math.isinf(rate):
        return rate
    written = 1 if decodes and chip.sram.ports == 1 else 0
    return 1 / max(1 / rate, (port_reads(chip) / rate + written) / chip.sram.port_bytes_per_cycle)


def roof_cycles(schedule: TileSchedule, chip: ChipSpec) -> Mapping[str, int]:
    """Stage -> least cycles, whatever the order of the tiles: ``dram``, ``decoder``, ``multipliers``.

    A run takes no fewer than the bytes over the port's width, the decoder's time for all tiles, and the effectual
    products over the multipliers.
    """
    return {
        "dram": -(-int(schedule.fetch_bytes.sum()) // chip.port.bytes_per_cycle),
        "decoder": int(schedule.decode_cycles.sum()),
        "multipliers": -(-int(schedule.products.sum()) // products_per_cycle(chip)),
    }


def products_per_cycle(chip: ChipSpec) -> int:
    """Most products that the compute engine does in a cycle."""
    if chip.systolic is not None:
        return chip.systolic.rows * chip.systolic.columns
    lanes = chip.lanes
    return lanes.lanes * lanes.multipliers_per_lane * (2 if lanes.subword else 1)
