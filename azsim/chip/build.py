"""From a program and its compressed weights to a tile schedule: compile it, then execute it.

::

    Program ──compile──> instructions ──execute──> tiles:  fetch_bytes   from the bitstream (0 if resident)
                                                           decode_cycles from the decoder loads (0 if resident decoded)
                                                           lane_cycles   from the decoded weights, and the
                                                                         activations if they matter
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from azsim.chip.compile import compile_program
from azsim.chip.execute import execute
from azsim.chip.instructions import Code, Matvec
from azsim.chip.lane_cache import lane_cost_of
from azsim.chip.lanes import LaneCost, needs_activations
from azsim.chip.residency import ResidencyPlan
from azsim.chip.schedule import Sections, TileSchedule
from azsim.chip.systolic import systolic_cost
from azsim.chip.tiles import tile_layout
from azsim.compress.encoded import Encoded
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.quantities import Residency, check_choice
from azsim.errors import InputError
from azsim.nn.program import Program


def build_schedule(
    chip: ChipSpec,
    program: Program,
    network: CompressedNetwork,
    residency: ResidencyPlan | Mapping[str, Residency] | None = None,
    inputs: Mapping[str, np.ndarray] | None = None,
    run: int = 0,
    steps: int = 1,
) -> TileSchedule | Sections:
    """What one run of a program asks of fetch, decoder, lanes and vector unit; `Sections` if it needs the CPU between.

    Args:
        chip: the processor.
        program: what to run.
        network: its weights, encoded for `tile_layout` of this chip.
        residency: a plan, or matrix -> mode; a matrix that is not named is streamed.
        inputs: matrix -> int8 ``(frames, columns)``, needed if the skip mode asks for activations; without
            them zero columns are not skipped.
        run: which run of the utterance, if there are inputs.
        steps: encoder steps gathered into one run.

    Raises:
        InputError: the weights are laid out for another chip, or activations are missing.
    """
    if inputs is None:
        return _build(chip, program, network, _modes(residency), None, steps)[0]
    frames = program.frames(steps)
    vectors = {use.matrix: frames * use.vectors for stage in program.stages for use in stage.uses}
    chosen = {
        name: _vectors(inputs, name)[run * vectors[name] : (run + 1) * vectors[name]]
        for name in program.matrices
        if _data_dependent(chip)
    }
    return _build(chip, program, network, _modes(residency), chosen, steps)[0]


def build_invocations(
    chip: ChipSpec,
    program: Program,
    network: CompressedNetwork,
    residency: ResidencyPlan | Mapping[str, Residency] | None,
    inputs: Mapping[str, np.ndarray],
    steps: int = 1,
) -> list[TileSchedule | Sections]:
    """One schedule per run over ``inputs``; one schedule in all if nothing depends on the activations.

    Raises:
        InputError: as `build_schedule`.
    """
    rows = {name: _vectors(inputs, name) for name in program.matrices if _data_dependent(chip)}
    return _build(chip, program, network, _modes(residency), rows, steps)


def build_schedules(
    chip: ChipSpec,
    network: CompressedNetwork,
    residency: ResidencyPlan | Mapping[str, Residency] | None = None,
    steps: int = 1,
) -> dict[str, TileSchedule | Sections]:
    """Program name -> schedule, for skip modes that do not depend on the activations.

    Raises:
        InputError: as `build_schedule`.
    """
    programs = network.network.programs()
    return {name: build_schedule(chip, program, network, residency, steps=steps) for name, program in programs.items()}


def compile_all(
    chip: ChipSpec,
    network: CompressedNetwork,
    residency: ResidencyPlan | Mapping[str, Residency] | None = None,
    steps: int = 1,
) -> dict[str, Code]:
    """Program name -> the instructions that `build_schedules` executes."""
    return {
        name: compile_program(program, network, chip.vector, _modes(residency), steps)
        for name, program in network.network.programs().items()
    }


def _data_dependent(chip: ChipSpec) -> bool:
    return chip.lanes is not None and needs_activations(chip.lanes)


def _check_layout(name: str, encoded: Encoded, chip: ChipSpec) -> None:
    if encoded.layout != tile_layout(chip):
        raise InputError(
            f"{name}: encoded for {encoded.layout}, but the chip needs {tile_layout(chip)}; "
            "encode it again for this device"
        )


def _modes(residency: ResidencyPlan | Mapping[str, Residency] | None) -> Mapping[str, Residency]:
    if isinstance(residency, ResidencyPlan):
        return {**residency.modes, **residency.states}
    for name, mode in (residency or {}).items():
        check_choice(mode, Residency, f"residency of {name}")
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
    steps: int,
) -> list[TileSchedule | Sections]:
    """One schedule per run that the activations hold (one if there are none)."""
    code = compile_program(program, network, chip.vector, residency, steps)
    costs = {name: _cost(chip, network, name, rows[name] if rows else None) for name in code.matrices}
    vectors = {step.matrix: step.vectors for step in code.instructions if isinstance(step, Matvec)}
    frames = max((cost.cycles.shape[0] // vectors[name] or 1 for name, cost in costs.items()), default=1)
    return [execute(chip, code, network, costs, run) for run in range(-(-frames // code.frames))]


def _cost(chip: ChipSpec, network: CompressedNetwork, name: str, rows: np.ndarray | None) -> LaneCost:
    """Compute time of a matrix's tiles on whichever array the chip has."""
    encoded = network.matrices[name].encoded
    _check_layout(name, encoded, chip)
    if chip.systolic:
        return systolic_cost(encoded.tiling, chip.systolic)
    return lane_cost_of(network, name, chip.lanes, rows)
