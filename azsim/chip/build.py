"""From a program and its compressed weights to a tile schedule: compile it, then execute it.

::

    Program ──compile──> instructions ──execute──> tiles:  fetch_bytes   from the bitstream (0 if resident)
                                                           decode_cycles from the decoder loads (0 if resident decoded)
                                                           lane_cycles   from the decoded weights, and the
                                                                         activations if they matter
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
from azsim.chip.systolic import systolic_cost
from azsim.compress.encoded import Encoded
from azsim.compress.layout import TileLayout
from azsim.compress.network import CompressedNetwork
from azsim.devices.spec import ChipSpec, Residency
from azsim.errors import InputError
from azsim.nn.program import Program


def tile_layout(chip: ChipSpec) -> TileLayout:
    """The layout that weights must be encoded for to run on this chip."""
    array = chip.systolic
    return TileLayout(
        lanes=array.columns if array else chip.lanes.lanes,
        block_columns=array.rows if array else chip.lanes.block_columns,
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


