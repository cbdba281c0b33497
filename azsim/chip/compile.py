"""From a network's program to the processor's instructions, for one device, one set of bitstreams, one residency plan.

::

    stage:  load, matvec (recurrent)   sync   load, matvec (input, all frames)   vector ...   store
            frame 1:  sync   load, matvec (recurrent)   vector ...
            frame 2:  ...
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from azsim.chip.instructions import Code, Cpu, Fetch, Instruction, Load, Matvec, Product, Store, Sync, Vector
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import VectorSpec
from azsim.devices.quantities import Residency
from azsim.nn.program import MatrixUse, Program, ProgramStage

ACTIVATION_BITS = 8
"""Vectors are int8."""
FALLBACK_BYTES = 2
"""An element on its way to the CPU and back: int16, as the vector unit holds it."""


def compile_program(
    program: Program,
    network: CompressedNetwork,
    vector: VectorSpec,
    residency: Mapping[str, Residency],
    steps: int = 1,
) -> Code:
    """The instructions of one run of a program.

    An input-side matrix is loaded once for all frames of the run; a recurrent matrix is needed whole again for every
    frame, since the next frame's state depends on all of it, so it is loaded again unless it is resident. A function
    that the vector unit lacks becomes a store of its operands, a call of the CPU, and a fetch of its results.

    Args:
        program: what to run.
        network: its weights: how many tiles and bits.
        vector: the unit's functions.
        residency: matrix -> mode; a matrix that is not named is streamed. State of attention -> ``streamed`` where it
            lies in DRAM: then it is fetched at every frame, and what the frame adds is written back.
        steps: encoder steps gathered into one run.
    """
    frames = program.frames(steps)
    instructions: list[Instruction] = []
    if program.lookup_bytes:
        instructions.append(Fetch(program.lookup_bytes))
    for stage in program.stages:
        instructions += _stage(stage, network, vector, residency, frames)
    return Code(program.name, tuple(instructions), frames)


def _stage(
    stage: ProgramStage,
    network: CompressedNetwork,
    vector: VectorSpec,
    residency: Mapping[str, Residency],
    frames: int,
) -> Iterator[Instruction]:
    if stage.lookup_bytes:
        yield Fetch(stage.lookup_bytes * frames)
    if not stage.uses and not stage.lane_products:
        yield Fetch(0)  # vector work that follows no product of this program still begins somewhere
    recurrent = [use for use in stage.uses if use.role == "recurrent"]
    together = 1 if recurrent else frames
    synchronised = False
    for use in stage.uses:
        if use.operand == "previous" and not synchronised:
            yield Sync()
            synchronised = True
        yield from _product(use, network, residency, 0, 1 if use.role == "recurrent" else frames)
    for product in stage.lane_products:
        in_dram = product.cache_bytes and residency.get(product.state) == "streamed"
        if in_dram:
            yield Fetch(product.cache_bytes * frames)
        if product.operand == "previous" and not synchronised:
            yield Sync()
            synchronised = True
        yield Product(product.rows, product.columns, ACTIVATION_BITS, frames, product.vectors)
        if in_dram:
            yield Store(product.write_bytes * frames)
    yield from _vector(stage, vector, together)
    for frame in range(together, frames):
        yield Sync()
        for use in recurrent:
            yield from _product(use, network, residency, frame, 1)
        yield from _vector(stage, vector, 1)
    if stage.output_bytes:
        yield Store(stage.output_bytes * frames)


def _product(
    use: MatrixUse, network: CompressedNetwork, residency: Mapping[str, Residency], frame: int, frames: int
) -> Iterator[Instruction]:
    encoded = network.matrices[use.matrix].encoded
    mode = residency.get(use.matrix, "streamed")
    tiles = len(encoded.tiling)
    if mode == "streamed":
        yield Load(use.matrix, 0, tiles)
    decode = mode != "decoded"
    yield Matvec(use.matrix, 0, tiles, encoded.weight_bits, ACTIVATION_BITS, decode, frame, frames, use.vectors)


def _vector(stage: ProgramStage, unit: VectorSpec, frames: int) -> Iterator[Instruction]:
    for work in stage.vector:
        elements = work.elements * frames
        if work.function in unit.functions:
            yield Vector(work.function, elements)
        else:
            yield Store(FALLBACK_BYTES * elements)
            yield Cpu(work.function, elements)
            yield Fetch(FALLBACK_BYTES * elements)
