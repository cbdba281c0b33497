"""A device: the weights per cycle that each stage keeps up with, which of them binds, its roofs, energy and area."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from azsim.chip.area import area, total_mm2
from azsim.chip.roofline import FRAMES, STAGES, Binding, Roofs, binding, roofs
from azsim.devices.quantities import Residency
from azsim.devices.spec import Device
from azsim.inspect.inspection import Inspection, Table, number

MODES: tuple[Residency, ...] = ("streamed", "compressed", "decoded")


@dataclass(frozen=True, slots=True)
class WeightFigures:
    """What the weights are like: bits in the stream, share that is not zero, values read per position."""

    bits_per_weight: float
    density: float
    values_per_position: float

    @staticmethod
    def of(weight_bits: int, sparsity: float) -> WeightFigures:
        """As `zvsv` stores them: a bit of the map per weight and an index per weight that is not zero.

        Where the map would cost more than it saves, every weight has an index.
        """
        mapped = 1 + (1 - sparsity) * weight_bits
        if mapped < weight_bits:
            return WeightFigures(mapped, 1 - sparsity, 1 - sparsity)
        return WeightFigures(float(weight_bits), 1 - sparsity, 1.0)


def inspect_device(device: Device, weights: WeightFigures) -> Inspection:
    """Rates, binding stage, roofs, energy and area of a device for weights of that kind."""
    chip = device.chip
    bindings = [
        binding(
            chip,
            weights.bits_per_weight,
            weights.density,
            frames=frames,
            residency=mode,
            values_per_position=weights.values_per_position,
        )
        for mode in MODES
        for frames in FRAMES
    ]
    energy, parts = msgspec.to_builtins(chip.energy), area(device)
    sizes = [(part.part, f"{part.area_mm2:.3f}", part.source) for part in parts]
    limits = roofs(chip, weights.bits_per_weight, weights.values_per_position)
    answer = {
        "device": device.name,
        "summary": device.summary,
        "bits_per_weight": weights.bits_per_weight,
        "density": weights.density,
        "weights_per_cycle": [_row(found) for found in bindings],
        "roofs_gmacs": {"dram": limits.dram_gmacs, "decoder": limits.decoder_gmacs, "mac": limits.mac_gmacs},
        "energy": energy,
        "area_mm2": {part.part: part.area_mm2 for part in parts},
        "battery": None if device.battery is None else msgspec.to_builtins(device.battery),
        "surroundings": None if device.surroundings is None else msgspec.to_builtins(device.surroundings),
        "local_processing": device.local_processing,
    }
    kind = f"{weights.bits_per_weight:.2f} bits per weight, {100 * weights.density:.0f} % not zero"
    tables = (
        _rates(f"{device.name}: weights per cycle, {kind}", bindings),
        _roofs(f"roofs in GMAC/s (zeros counted), {kind}", limits),
        Table("energy", ("constant", "value"), [(name, f"{value:g}") for name, value in energy.items()]),
        Table("area, 45 nm", ("part", "mm2", "source"), [*sizes, ("total", f"{total_mm2(parts):.3f}", "")]),
    )
    return Inspection(answer, tables, _where_it_stands(device))


def _where_it_stands(device: Device) -> tuple[str, ...]:
    """What it runs on, what it hears, and whether sound may leave it, a line each."""
    battery, noise = device.battery, device.surroundings
    lines = []
    if battery is not None:
        hours = battery.capacity_mwh / battery.listening_mw
        lines.append(
            f"battery: {battery.capacity_mwh:g} mWh; it draws {battery.listening_mw:g} mW listening for its wake "
            f"word: {hours:.0f} hours"
        )
    if noise is not None:
        lines.append(f"surroundings: {noise.noise} noise, speech {noise.snr_db:g} dB above it at the microphone")
    if device.local_processing:
        lines.append("local processing: sound never leaves the device")
    return tuple(lines)


def _row(found: Binding) -> dict[str, object]:
    rates = {stage: _finite(rate) for stage, rate in found.rates.items()}
    return {
        "residency": found.residency,
        "frames": found.frames,
        **rates,
        "binding_stage": found.stage,
        "skip_gain": found.skip_gain,
    }


def _rates(title: str, bindings: list[Binding]) -> Table:
    rows = []
    for found in bindings:
        rates: Mapping[str, float] = found.rates
        cells = [number(_finite(rates[stage])) for stage in STAGES]
        name = f"{found.residency}, {found.frames}"
        rows.append([name, *cells, found.stage, f"{found.skip_gain:.2f}"])
    headings = ("weights, frames per tile", "DRAM", "decoder", "multipliers", "window", "binds", "gain of skipping")
    return Table(title, headings, rows)


def _roofs(title: str, limits: Roofs) -> Table:
    rows = [
        (
            f"{frames} frames" if frames > 1 else "1 frame",
            number(frames * limits.dram_gmacs),
            number(frames * limits.decoder_gmacs),
            number(limits.mac_gmacs),
        )
        for frames in FRAMES
    ]
    return Table(title, ("a tile serves", "DRAM, compressed", "decoder", "MAC"), rows)


def _finite(rate: float) -> float | None:
    return rate if math.isfinite(rate) else None
