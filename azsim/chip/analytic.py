"""The analytic mode: cycles, bytes, time and energy of a network from statistics, for sweeps of many devices.

::

    weights, activations ──measure──> Statistics ──┐                     once
    program ──compile, execute──> tiles, numbered ─┤                     once per residency plan and frames
    device ────────────────────────────────────────┴─> expected lanes, exact bytes and decoder ──> pipeline, energy

Bytes, decoder and vector time are exact; the lanes' cycles are expected values (`azsim.chip.expected_lanes`); the
pipeline's recurrences are those of the simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from azsim.chip.build import build_schedule, tile_layout
from azsim.chip.compile import compile_program
from azsim.chip.conflicts import stalled_cycles
from azsim.chip.decoder import written_cycles
from azsim.chip.energy import schedule_energy
from azsim.chip.execute import execute
from azsim.chip.expected_lanes import expected_lanes
from azsim.chip.lanes import LaneCost
from azsim.chip.pipeline import run_pipeline
from azsim.chip.residency import ResidencyPlan, plan_residency
from azsim.chip.schedule import Sections, TileSchedule
from azsim.chip.statistics import MatrixStatistics, Statistics, measure
from azsim.chip.subword import lanes_for
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import ChipSpec, DecoderSpec, LanesSpec
from azsim.devices.quantities import Residency
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.nn.program import Program
from azsim.summary import Summarised

T = TypeVar("T")
_KEPT = 256


@dataclass(frozen=True, slots=True)
class ProgramEstimate:
    """One run of a program on the processor alone.

    Attributes:
        frames: that the run takes.
        runs_per_second: while someone speaks.
        cycles: from the first transfer to the last result; time of the CPU, if the program needs it, is not in it.
        lane_cycles: of them, or hidden behind others: the lanes' time.
        dram_bytes: read and written.
        time_us: of ``cycles``.
        energy_pj: by part, leakage of the run included.
    """

    frames: int
    runs_per_second: float
    cycles: int
    lane_cycles: int
    dram_bytes: int
    time_us: float
    energy_pj: Mapping[str, float]


@dataclass(frozen=True, slots=True, repr=False)
class Estimate(Summarised):
    """A network on a device, program by program."""

    programs: Mapping[str, ProgramEstimate]

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "programs": len(self.programs),
            "busy_share": self.busy_share,
            "dram_bytes_per_second": self.dram_bytes_per_second,
            "power_mw": self.power_mw,
        }

    @property
    def busy_share(self) -> float:
        """Share of the time that the processor is busy while someone speaks; above 1 it falls behind."""
        return sum(run.runs_per_second * run.time_us for run in self.programs.values()) / 1e6

    @property
    def dram_bytes_per_second(self) -> float:
        """Traffic of the processor while someone speaks."""
        return sum(run.runs_per_second * run.dram_bytes for run in self.programs.values())

    @property
    def power_mw(self) -> float:
        """Mean power of the processor's runs and their traffic while someone speaks."""
        return sum(run.runs_per_second * sum(run.energy_pj.values()) for run in self.programs.values()) / 1e9


def estimate(
    device: Device,
    network: CompressedNetwork | Statistics,
    residency: ResidencyPlan | Mapping[str, Residency] | None = None,
    steps: int = 1,
    inputs: Mapping[str, np.ndarray] | None = None,
) -> Estimate:
    """Estimate one run of each of the network's programs.

    Args:
        device: with lanes, or with a systolic array (whose closed forms are exact).
        network: compressed for the device's layout. For a sweep, `measure` it once and give the statistics: what
            is computed from them is remembered.
        residency: a plan, or matrix -> mode; the planner's choice if not given.
        steps: encoder steps gathered into one run.
        inputs: matrix -> int8 ``(frames, columns)``, if the skip mode needs them and no statistics are given.

    Raises:
        InputError: the weights are laid out for another chip, activations are missing, or the lanes cannot be
            estimated.
    """
    chip = device.chip
    balanced = chip.lanes is not None and chip.lanes.row_order == "balanced"
    known = network if isinstance(network, Statistics) else measure(network, inputs, balanced)
    _check(known, chip, balanced)
    sweep = _sweep_of(known)
    modes = residency if residency is not None else sweep.plan(chip, steps)
    modes = modes.modes if isinstance(modes, ResidencyPlan) else modes
    rates = known.network.network.rates()
    found = {}
    for name, program in sweep.programs.items():
        frames = program.frames(steps)
        schedules = sweep.schedules(name, chip, modes, steps)
        cycles = sum(run_pipeline(schedule, chip).total_cycles for schedule in schedules)
        energy_pj: dict[str, float] = {}
        for schedule in schedules:
            for part, value in schedule_energy(schedule, chip.energy, device.memory).items():
                energy_pj[part] = energy_pj.get(part, 0.0) + value
        time_us = cycles / chip.clock_mhz
        energy_pj["leakage"] += 1e3 * time_us * chip.energy.leakage_mw
        found[name] = ProgramEstimate(
            frames=frames,
            runs_per_second=rates[name] / frames,
            cycles=cycles,
            lane_cycles=sum(int(schedule.lane_cycles.sum()) for schedule in schedules),
            dram_bytes=sum(int(schedule.fetch_bytes.sum() + schedule.output_bytes.sum()) for schedule in schedules),
            time_us=time_us,
            energy_pj=energy_pj,
        )
    return Estimate(found)


def _check(known: Statistics, chip: ChipSpec, balanced: bool) -> None:
    wanted = tile_layout(chip)
    for name, matrix in known.matrices.items():
        if matrix.encoded.layout != wanted:
            raise InputError(
                f"{name}: encoded for {matrix.encoded.layout}, but the chip needs {wanted}; compress it again for it"
            )
    if known.balanced != balanced:
        raise InputError("chip.lanes.row_order: the network was measured in another order of rows; measure it again")


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Tiles of one section of a program, as far as they do not depend on rates.

    Attributes:
        schedule: as executed, lanes and decoder to be filled in.
        tile: int64 ``(tiles,)``: number of the tile among all of the network, one past the last for a mere fetch.
        frames: int64 ``(tiles,)``: frames that share it.
    """

    schedule: TileSchedule
    tile: np.ndarray
    frames: np.ndarray


@dataclass(frozen=True, slots=True)
class _Sweep:
    """What a sweep over devices remembers of one network: a part of the device -> what follows from it."""

    known: Statistics
    programs: Mapping[str, Program]
    matrices: Mapping[str, MatrixStatistics]
    plans: dict[Hashable, ResidencyPlan] = field(default_factory=dict)
    sections: dict[Hashable, list[_Numbered]] = field(default_factory=dict)
    lanes: dict[LanesSpec, LaneCost] = field(default_factory=dict)
    decoding: dict[tuple[DecoderSpec, int], np.ndarray] = field(default_factory=dict)

    def plan(self, chip: ChipSpec, steps: int) -> ResidencyPlan:
        """The planner's choice; the width of the on-chip memory's port has no part in it."""
        store = chip.lanes.store if chip.lanes else ""
        key = (msgspec.structs.replace(chip.sram, port_bytes_per_cycle=1), chip.decoder, store, steps)
        return _remembered(self.plans, key, lambda: plan_residency(chip, self.known.network, steps=steps))

    def schedules(self, name: str, chip: ChipSpec, modes: Mapping[str, Residency], steps: int) -> list[TileSchedule]:
        """The sections of a program on this chip; a lane time is expected, not split into causes."""
        exact = any(stage.lane_products for stage in self.programs[name].stages)
        if chip.systolic is not None or exact:
            return _sections(build_schedule(chip, self.programs[name], self.known.network, modes, steps=steps))
        key = (name, tuple(sorted(modes.items())), steps, chip.vector)
        lanes = _remembered(self.lanes, chip.lanes, lambda: _expected(self.matrices, chip.lanes))
        narrow = (chip.decoder, chip.sram.port_bytes_per_cycle)
        decoding = _remembered(self.decoding, narrow, lambda: _decoding(self.matrices, chip))
        sections = _remembered(self.sections, key, lambda: self._number(name, chip, modes, steps))
        return [_filled(section, chip, lanes, decoding) for section in sections]

    def _number(self, name: str, chip: ChipSpec, modes: Mapping[str, Residency], steps: int) -> list[_Numbered]:
        """Execute the program with numbers in place of the lanes' work."""
        code = compile_program(self.programs[name], self.known.network, chip.vector, modes, steps)
        costs, start = {}, 0
        for matrix, known in self.matrices.items():
            tiles = len(known.encoded.tiling)
            numbers = np.arange(start + 1, start + tiles + 1)[None]
            one = np.ones_like(numbers)
            costs[matrix] = LaneCost(one, np.zeros((1, tiles, 4), np.int64), positions=one, products=numbers)
            start += tiles
        found = _sections(execute(chip, code, self.known.network, costs))
        return [
            _Numbered(section, section.products // np.maximum(1, section.positions) - 1, section.positions)
            for section in found
        ]


_sweeps: WeakKeyDictionary[Statistics, _Sweep] = WeakKeyDictionary()


def _sweep_of(known: Statistics) -> _Sweep:
    if known not in _sweeps:
        programs = known.network.network.programs()
        used = dict.fromkeys(matrix for program in programs.values() for matrix in program.matrices)
        _sweeps[known] = _Sweep(known, programs, {matrix: known.matrices[matrix] for matrix in used})
    return _sweeps[known]


def _remembered(kept: dict[Hashable, T], key: Hashable, compute: Callable[[], T]) -> T:
    if key not in kept:
        if len(kept) == _KEPT:
            del kept[next(iter(kept))]
        kept[key] = compute()
    return kept[key]


def _sections(built: TileSchedule | Sections) -> list[TileSchedule]:
    """What the processor does without the CPU between."""
    parts = built.parts if isinstance(built, Sections) else (built,)
    return [part for part in parts if isinstance(part, TileSchedule)]


def _expected(matrices: Mapping[str, MatrixStatistics], spec: LanesSpec) -> LaneCost:
    """Expected lane time of all tiles of the network, and a tile without any at the end."""
    costs = [expected_lanes(matrix, lanes_for(matrix.encoded, spec)) for matrix in matrices.values()]
    nothing = np.zeros((1, 1), np.int64)
    joined = [
        np.concatenate([*(getattr(cost, part) for cost in costs), nothing], axis=1)
        for part in ("cycles", "positions", "products")
    ]
    return LaneCost(joined[0], np.zeros((1, joined[0].size, 4), np.int64), joined[1], joined[2])


def _decoding(matrices: Mapping[str, MatrixStatistics], chip: ChipSpec) -> np.ndarray:
    """Decoder time of all tiles of the network, and 0 at the end."""
    parts = [written_cycles(matrix.encoded, chip) for matrix in matrices.values()]
    return np.concatenate([*parts, np.zeros(1, np.int64)])


def _filled(section: _Numbered, chip: ChipSpec, lanes: LaneCost, decoding: np.ndarray) -> TileSchedule:
    """The section with decoder and lane time, stalls of the on-chip memory's port included."""
    decoded = section.schedule.decode_cycles > 0
    written = np.where(decoded, section.schedule.decoded_values, 0)
    cycles = stalled_cycles(lanes.cycles[0, section.tile] * section.frames, chip, written)
    return replace(
        section.schedule,
        decode_cycles=np.where(decoded, decoding[section.tile], 0),
        lane_cycles=cycles,
        positions=lanes.positions[0, section.tile] * section.frames,
        products=lanes.products[0, section.tile] * section.frames,
    )
