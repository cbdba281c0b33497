"""From a program and its compressed weights to a tile schedule: real bytes, real decoder loads, exact lane cycles.

::

    Program ─ stage ─ matrix ─ tiles:   fetch_bytes   from the bitstream (0 if resident)
                                        decode_cycles from the decoder loads (0 if resident decoded)
                                        lane_cycles   from the decoded weights, and the activations if they matter
                     last tile of a stage: vector_cycles, output_bytes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

import numpy as np

from azsim.chip.decoder import decode_cycles
from azsim.chip.lane_cache import lane_cost_of
from azsim.chip.lanes import LaneCost, needs_activations
from azsim.chip.residency import ResidencyPlan
from azsim.chip.schedule import TileSchedule
from azsim.compress.encoded import Encoded
from azsim.compress.layout import TileLayout
from azsim.compress.network import CompressedNetwork
from azsim.devices.spec import ChipSpec, Residency, VectorSpec
from azsim.errors import InputError
from azsim.nn.program import Program


def tile_layout(chip: ChipSpec) -> TileLayout:
    """The layout that weights must be encoded for to run on this chip."""
    return TileLayout(
        lanes=chip.lanes.lanes,
        block_columns=chip.lanes.block_columns,
        tile_positions=chip.sram.tile_positions,
        decoder_streams=chip.decoder.streams,
    )


def build_schedule(
    chip: ChipSpec,
    program: Program,
    network: CompressedNetwork,
    residency: ResidencyPlan | Mapping[str, Residency] | None = None,
    inputs: Mapping[str, np.ndarray] | None = None,
    invocation: int = 0,
) -> TileSchedule:
    """What one invocation of a program asks of fetch, decoder, lanes and vector unit.

    Args:
        chip: the processor.
        program: what to run.
        network: its weights, encoded for `tile_layout` of this chip.
        residency: a plan, or matrix -> mode; a matrix that is not named is streamed.
        inputs: matrix -> int8 ``(invocations, columns)``, needed if the skip mode asks for activations; without
            them zero columns are not skipped.
        invocation: row of ``inputs``.

    Raises:
        InputError: the weights are laid out for another chip, or activations are missing.
    """
    rows = None
    if inputs is not None and needs_activations(chip.lanes):
        rows = {name: _vectors(inputs, name)[invocation][None] for name in program.matrices}
    return _build(chip, program, network, _modes(residency), rows)[0]


def build_invocations(
    chip: ChipSpec,
    program: Program,
    network: CompressedNetwork,
    residency: ResidencyPlan | Mapping[str, Residency] | None,
    inputs: Mapping[str, np.ndarray],
) -> list[TileSchedule]:
    """One schedule per row of ``inputs``; one schedule in all if nothing depends on the activations.

    Raises:
        InputError: as `build_schedule`.
    """
    rows = None
    if needs_activations(chip.lanes):
        rows = {name: _vectors(inputs, name) for name in program.matrices}
    return _build(chip, program, network, _modes(residency), rows)


def build_schedules(
    chip: ChipSpec,
    network: CompressedNetwork,
    residency: ResidencyPlan | Mapping[str, Residency] | None = None,
) -> dict[str, TileSchedule]:
    """Program name -> schedule, for skip modes that do not depend on the activations.

    Raises:
        InputError: as `build_schedule`.
    """
    programs = network.network.programs()
    return {name: build_schedule(chip, program, network, residency) for name, program in programs.items()}


def vector_cycles(operations: int, spec: VectorSpec) -> int:
    """Vector-unit time of a stage: ``startup + ceil(operations / elements_per_cycle)``, 0 for no operations."""
    return spec.startup_cycles - (-operations // spec.elements_per_cycle) if operations else 0


def _check_layout(name: str, encoded: Encoded, chip: ChipSpec) -> None:
    if encoded.layout != tile_layout(chip):
        raise InputError(
            f"{name}: encoded for {encoded.layout}, but the chip needs {tile_layout(chip)}; "
            "encode it again for this device"
        )


def _modes(residency: ResidencyPlan | Mapping[str, Residency] | None) -> Mapping[str, Residency]:
    if isinstance(residency, ResidencyPlan):
        return residency.modes
    return residency or {}


def _vectors(inputs: Mapping[str, np.ndarray], matrix: str) -> np.ndarray:
    if matrix not in inputs:
        raise InputError(f"{matrix}: no activations were recorded for it, but the skip mode of the chip needs them")
    return inputs[matrix]


def _build(
    chip: ChipSpec,
    program: Program,
    network: CompressedNetwork,
    residency: Mapping[str, Residency],
    rows: Mapping[str, np.ndarray] | None,
) -> list[TileSchedule]:
    """One schedule per row of activations (one if there are none)."""
    parts = [[_lookup(program.lookup_bytes)]] if program.lookup_bytes else []
    depends_on = [np.full(1, -1, np.int64)] if program.lookup_bytes else []
    tiles = len(parts)
    previous = -1
    for stage in program.stages:
        for use in stage.uses:
            mode = residency.get(use.matrix, "streamed")
            part = matrix_schedules(chip, network, use.matrix, mode, None if rows is None else rows[use.matrix])
            parts.append(part)
            depends_on.append(np.full(len(part[0]), previous if use.operand == "previous" else -1, np.int64))
            tiles += len(part[0])
        for schedule in parts[-1]:
            schedule.vector_cycles[-1] = vector_cycles(stage.vector_ops, chip.vector)
            schedule.vector_ops[-1] = stage.vector_ops
            schedule.output_bytes[-1] = stage.output_bytes
        previous = tiles - 1
    invocations = max(map(len, parts))
    needs = np.concatenate(depends_on)
    joined = []
    for index in range(invocations):
        chosen = [part[min(index, len(part) - 1)] for part in parts]
        joined.append(replace(TileSchedule.concatenate(program.name, chosen), depends_on=needs))
    return joined


def matrix_schedules(
    chip: ChipSpec,
    network: CompressedNetwork,
    name: str,
    mode: Residency = "streamed",
    activations: np.ndarray | None = None,
) -> list[TileSchedule]:
    """The tiles of one matrix, for each row of activations, without vector work or dependencies.

    Args:
        chip: the processor.
        network: holds the matrix.
        name: of the matrix.
        mode: where its weights are.
        activations: int8 ``(invocations, columns)``, or None.

    Raises:
        InputError: as `build_schedule`.
    """
    encoded = network.matrices[name].encoded
    _check_layout(name, encoded, chip)
    cost = lane_cost_of(network, name, chip.lanes, activations)
    return [tile_schedule(name, encoded, cost, frame, mode, chip) for frame in range(cost.cycles.shape[0])]


def tile_schedule(
    name: str, encoded: Encoded, cost: LaneCost, frame: int, mode: Residency, chip: ChipSpec
) -> TileSchedule:
    """The tiles of one matrix for one frame of its lane cost, without vector work or dependencies."""
    tiles = len(encoded.tiling)
    nothing = np.zeros(tiles, np.int64)
    fetch = nothing
    if mode == "streamed":
        fetch = encoded.tile_bytes.astype(np.int64)
        fetch[0] += encoded.table_bytes
    decoded = mode != "decoded"
    return TileSchedule(
        name=name,
        fetch_bytes=fetch,
        decode_cycles=decode_cycles(encoded.decoder_load, chip.decoder) if decoded else nothing,
        lane_cycles=cost.cycles[frame],
        lane_split=cost.split[frame],
        vector_cycles=nothing.copy(),
        depends_on=np.full(tiles, -1, np.int64),
        output_bytes=nothing.copy(),
        positions=cost.positions[frame],
        products=cost.products[frame],
        decoded_bits=encoded.decoder_load[:, :, 2].sum(axis=1) if decoded else nothing,
        decoded_values=encoded.decoder_load[:, :, 0].sum(axis=1) if decoded else nothing,
        vector_ops=nothing.copy(),
    )


def _lookup(size_bytes: int) -> TileSchedule:
    """A table row that is fetched and nothing else."""
    columns = {field.name: np.zeros(1, np.int64) for field in fields(TileSchedule) if field.name != "name"}
    columns["fetch_bytes"] = np.full(1, size_bytes, np.int64)
    columns["lane_split"] = np.zeros((1, 4), np.int64)
    columns["depends_on"] = np.full(1, -1, np.int64)
    return TileSchedule(name="lookup", **columns)
