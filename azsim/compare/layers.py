"""The network's programs as points on the chip's roofline, and what a chip's schedules cost when nothing else runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from azsim.chip.pipeline import run_pipeline
from azsim.chip.schedule import TileSchedule
from azsim.compress.network import CompressedNetwork
from azsim.devices import Device
from azsim.report.results import Roofline, RooflinePoint


def roofline_points(
    device: Device, small: CompressedNetwork, schedules: Mapping[str, TileSchedule | Sequence[TileSchedule]], timing_only: bool = False
) -> tuple[RooflinePoint, ...]:
    """One point per program (its first invocation where they differ): its multiply-accumulates, its DRAM bytes, its time on an idle chip."""
    points = []
    for program, found in schedules.items():
        schedule = found if isinstance(found, TileSchedule) else found[0]
        cycles = run_pipeline(schedule, device.chip).total_cycles
        points.append(
            RooflinePoint(
                config=small.name,
                layer=program,
                macs=int(schedule.positions.sum()),
                dram_bytes=int(schedule.fetch_bytes.sum()),
                time_ns=cycles * device.cycle_ps / 1000,
                timing_only=timing_only,
            )
        )
    return tuple(points)


def ceilings(device: Device, points: tuple[RooflinePoint, ...]) -> Roofline:
    """The chip's roofs above the points."""
    chip = device.chip
    clock_ghz = chip.clock_mhz / 1000
    return Roofline(
        multipliers_gmacs=chip.lanes.lanes * chip.lanes.multipliers_per_lane * clock_ghz,
        window_gmacs=chip.lanes.lanes * chip.lanes.window_positions * clock_ghz,
        decoder_gpositions=chip.decoder.streams * chip.decoder.positions_per_cycle * clock_ghz,
        dram_gbps=chip.port.bytes_per_cycle * clock_ghz,
        points=points,
    )
