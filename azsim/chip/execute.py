"""Run a compiled program: each instruction adds its tiles, dependencies, vector work or bytes to the schedule.

::

    load ──> fetch_bytes       matvec ──> decode_cycles, lane_cycles       sync ──> depends_on
    fetch ─> a tile of bytes   vector ──> vector_cycles of the last tile   store ─> output_bytes of the last tile
    product ─> lane_cycles alone: its operand lies in on-chip memory
    cpu ───> ends a section: the processor stops, the CPU works, the next section begins

A matrix with several scales brings a requantisation factor for each; the vector work that follows the products reads
each of them once a vector, from its tables: an operation and a table read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from azsim.chip.activation_products import product_tiles
from azsim.chip.instructions import Code, Cpu, Fetch, Load, Matvec, Product, Store, Sync, Vector
from azsim.chip.lanes import LaneCost
from azsim.chip.schedule import CpuWork, Sections, TileSchedule
from azsim.chip.tiles import tile_schedule
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import ChipSpec, VectorSpec
from azsim.devices.quantities import Residency
from azsim.errors import InputError


def execute(
    chip: ChipSpec, code: Code, network: CompressedNetwork, costs: Mapping[str, LaneCost], run: int = 0
) -> TileSchedule | Sections:
    """What one run of a program asks of fetch, decoder, lanes, vector unit and, if it must, of the CPU.

    Args:
        chip: the processor.
        code: the instructions.
        network: the weights that they name.
        costs: matrix -> lane time of its tiles, one row per frame of the whole utterance, or one row for all.
        run: which run of the utterance; its frames are rows ``run * code.frames`` and on (the last row, beyond it).

    Raises:
        InputError: tiles are multiplied that neither lie decoded nor were loaded, or there is nothing to wait for.
    """
    finished: list[TileSchedule | CpuWork] = []
    section = _Section(code.name, chip.vector)
    loaded: tuple[str, int, int] | None = None
    for step in code.instructions:
        if not isinstance(step, Vector):
            section.end_vector_work()
        match step:
            case Load():
                loaded = (step.matrix, step.first, step.tiles)
            case Matvec():
                mode: Residency = "compressed" if step.decode else "decoded"
                if loaded is not None:
                    if loaded != (step.matrix, step.first, step.tiles) or not step.decode:
                        raise InputError(f"program {code.name}: loads {loaded}, but multiplies with {step}")
                    mode = "streamed"
                    loaded = None
                first = (run * code.frames + step.frame) * step.vectors
                cost = _of_frames(costs[step.matrix], first, step.frames * step.vectors)
                matrix = network.matrices[step.matrix]
                section.add(
                    tile_schedule(
                        step.matrix, matrix.encoded, cost, 0, mode, chip, step.first, step.tiles, matrix.factor_bytes
                    )
                )
                if len(matrix.scales) > 1:
                    section.factor_reads += len(matrix.scales) * step.frames * step.vectors
            case Product():
                section.add(product_tiles(step.rows, step.columns, step.frames * step.vectors, chip))
            case Fetch():
                section.add(_fetched(step.size_bytes))
            case Vector():
                section.vector_elements += step.elements
                section.table_elements += step.elements if step.function != "multiply-add" else 0
            case Store():
                at = section.last_tile()
                section.output_bytes[at] = section.output_bytes.get(at, 0) + step.size_bytes
            case Sync():
                section.waits_for = section.finished
            case Cpu():
                finished += [section.schedule(), CpuWork(step.function, step.elements)]
                section = _Section(code.name, chip.vector)
    section.end_vector_work()
    if not finished:
        return section.schedule()
    return Sections(code.name, (*finished, section.schedule()))


@dataclass(slots=True)
class _Section:
    """Tiles so far, and what stands at which of them."""

    name: str
    unit: VectorSpec
    parts: list[TileSchedule] = field(default_factory=list)
    depends_on: list[np.ndarray] = field(default_factory=list)
    vector_ops: dict[int, int] = field(default_factory=dict)
    output_bytes: dict[int, int] = field(default_factory=dict)
    table_reads: dict[int, int] = field(default_factory=dict)
    vector_elements: int = 0
    table_elements: int = 0
    factor_reads: int = 0
    tiles: int = 0
    finished: int = -1
    waits_for: int = -1

    def add(self, part: TileSchedule) -> None:
        self.parts.append(part)
        self.depends_on.append(np.full(len(part), self.waits_for, np.int64))
        self.tiles += len(part)

    def last_tile(self) -> int:
        if not self.tiles:
            raise InputError(f"program {self.name}: begins with vector work or a store: there is nothing to finish yet")
        return self.tiles - 1

    def end_vector_work(self) -> None:
        if self.vector_elements:
            self.vector_elements += self.factor_reads
            self.table_elements += self.factor_reads
            self.factor_reads = 0
            self.finished = self.last_tile()
            self.vector_ops[self.finished] = self.vector_ops.get(self.finished, 0) + self.vector_elements
            self.table_reads[self.finished] = self.table_reads.get(self.finished, 0) + self.table_elements
            self.waits_for = -1
            self.vector_elements = self.table_elements = 0

    def schedule(self) -> TileSchedule:
        joined = TileSchedule.concatenate(self.name, self.parts)
        ops, cycles, out = np.zeros((3, self.tiles), np.int64)
        for tile, elements in self.vector_ops.items():
            ops[tile] = elements
            cycles[tile] = vector_cycles(elements, self.unit, self.table_reads[tile])
        for tile, size_bytes in self.output_bytes.items():
            out[tile] = size_bytes
        waits = np.concatenate(self.depends_on)
        return replace(joined, depends_on=waits, vector_ops=ops, vector_cycles=cycles, output_bytes=out)


def vector_cycles(operations: int, spec: VectorSpec, table_reads: int = 0) -> int:
    """Vector-unit time of work without a pause, 0 for none.

    ``startup + max(ceil(operations / elements_per_cycle), ceil(table reads / table_reads_per_cycle))``: the elements of
    a vector follow each other through its functions, so that the slower resource decides.
    """
    if not operations:
        return 0
    return spec.startup_cycles + max(-(-operations // spec.elements_per_cycle), -(-table_reads // spec.table_ports))


def _of_frames(cost: LaneCost, first: int, frames: int) -> LaneCost:
    """The rows of some frames as one."""
    rows = cost.cycles.shape[0]
    if rows == 1:
        return cost.over_frames(frames) if frames > 1 else cost
    chosen = np.minimum(np.arange(first, first + frames), rows - 1)
    parts = (cost.cycles, cost.split, cost.positions, cost.products)
    return LaneCost(*(part[chosen].sum(axis=0, keepdims=True) for part in parts))


def _fetched(size_bytes: int) -> TileSchedule:
    """A tile of bytes that are fetched and nothing else."""
    columns = {column.name: np.zeros(1, np.int64) for column in fields(TileSchedule) if column.name != "name"}
    columns["fetch_bytes"] = np.full(1, size_bytes, np.int64)
    columns["lane_split"] = np.zeros((1, 4), np.int64)
    columns["depends_on"] = np.full(1, -1, np.int64)
    return TileSchedule(name="fetch", **columns)
