"""The network's programs as points under the chip's roofline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from azsim.chip.roofline import ceilings, layer_point
from azsim.chip.schedule import Sections, TileSchedule
from azsim.devices import Device
from azsim.report.results import Roofline, RooflinePoint


def roofline_points(
    device: Device,
    config: str,
    schedules: Mapping[str, TileSchedule | Sections | Sequence[TileSchedule | Sections]],
    timing_only: bool = False,
) -> tuple[RooflinePoint, ...]:
    """One point per program (its first invocation where they differ), on a chip that nothing else disturbs."""
    points = []
    for program, found in schedules.items():
        first = found if isinstance(found, TileSchedule | Sections) else found[0]
        point = layer_point(first.on_chip if isinstance(first, Sections) else first, device.chip)
        points.append(
            RooflinePoint(
                config=config,
                layer=program,
                macs=point.macs,
                dram_bytes=point.dram_bytes,
                time_ns=1000 * point.cycles / device.chip.clock_mhz,
                timing_only=timing_only,
            )
        )
    return tuple(points)


def roofline(device: Device, points: Sequence[RooflinePoint]) -> Roofline:
    """The chip's ceilings above the points."""
    return Roofline(**asdict(ceilings(device.chip)), points=tuple(points))
