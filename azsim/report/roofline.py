"""The chip's roofline as a report shows it: ceilings, and a network's programs as points below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from azsim.chip.roofline import ceilings, layer_point
from azsim.chip.schedule import Sections, TileSchedule
from azsim.devices import Device
from azsim.soc.job_graph import Schedules


@dataclass(frozen=True, slots=True)
class RooflinePoint:
    """A layer on the chip's roofline.

    Attributes:
        config, layer: which.
        macs: multiply-accumulates of one invocation, zeros included (weight positions x frames).
        dram_bytes: fetched for it, 0 if resident.
        time_ns: how long the processor took for it.
        timing_only: from the production-size network.
    """

    config: str
    layer: str
    macs: int
    dram_bytes: int
    time_ns: float
    timing_only: bool = False


@dataclass(frozen=True, slots=True)
class Roofline:
    """The chip's ceilings, in multiply-accumulates per second (zeros counted) and bytes per second.

    Attributes:
        multipliers_gmacs: lanes x multipliers x clock.
        window_gmacs: lanes x window x clock: what zero skipping can reach at best.
        decoder_gpositions: positions the decoder gives per second, x 1e9; a ceiling at one frame per tile.
        dram_gbps: the processor's port to DRAM, gigabytes per second.
    """

    multipliers_gmacs: float
    window_gmacs: float
    decoder_gpositions: float
    dram_gbps: float
    points: tuple[RooflinePoint, ...]


def roofline_points(
    device: Device,
    config: str,
    schedules: Schedules,
    timing_only: bool = False,
) -> tuple[RooflinePoint, ...]:
    """One point per program (its first invocation where they differ), on a chip that nothing else disturbs."""
    points = []
    for program, found in schedules.items():
        runs = found.values() if isinstance(found, Mapping) else found
        first = runs if isinstance(runs, TileSchedule | Sections) else next(iter(runs))
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
