"""The processor's instructions: moves, matrix-vector products, vector work and one kind of waiting, 16 bytes each.

::

    load encoder.1.recurrent     matvec 5b x 8b     sync     load encoder.1.input     matvec     vector sigmoid 768 ...
    └─ DRAM -> fetch buffers     └─ decoder, lanes  └─ the lanes wait for the vector unit

A ``load`` and a ``matvec`` name a range of tiles of one matrix, so a program stays small however large its matrices:
the processor steps through the range, and its buffers let moves, decoder, lanes and vector unit overlap. Only ``sync``
makes the lanes wait; it holds the products up to the next vector work.

**Source:** US 11,520,561: data-move and compute instructions, a fused matrix product that carries the number of bits
per weight and per value, element-wise vector instructions, synchronisation so that moves and compute overlap. The
encoding is azsim's own.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from azsim.errors import InputError
from azsim.nn.program import VectorFunction

_WORD = struct.Struct("<BBBBHHII")
INSTRUCTION_BYTES = _WORD.size
"""Every instruction takes as much: opcode, bits, frame, frames, matrix, operand, first, count."""
_FUNCTIONS: tuple[VectorFunction, ...] = get_args(VectorFunction)


@dataclass(frozen=True, slots=True)
class Load:
    """Bring tiles ``first`` to ``first + tiles - 1`` of a matrix from DRAM, tables included."""

    matrix: str
    first: int
    tiles: int


@dataclass(frozen=True, slots=True)
class Fetch:
    """Bring so many bytes that are no weights: a row of a table, or what the CPU computed."""

    size_bytes: int


@dataclass(frozen=True, slots=True)
class Matvec:
    """Multiply tiles of a matrix with the vectors of some frames and add up; decode them first unless they lie decoded.

    Attributes:
        matrix, first, tiles: which tiles.
        weight_bits: of a weight in the stream.
        activation_bits: of an element of the vectors.
        decode: whether the tiles go through the decoder.
        frame, frames: the first frame of this run and how many share each tile.
        vectors: of each frame.
    """

    matrix: str
    first: int
    tiles: int
    weight_bits: int
    activation_bits: int
    decode: bool
    frame: int = 0
    frames: int = 1
    vectors: int = 1


@dataclass(frozen=True, slots=True)
class Product:
    """Multiply vectors with an int8 operand of ``rows x columns`` that lies in on-chip memory: no weights, no decoder.

    Attributes:
        rows, columns: of the operand.
        activation_bits: of an element of either.
        frames: of this run; ``vectors``: of each frame.
    """

    rows: int
    columns: int
    activation_bits: int
    frames: int = 1
    vectors: int = 1


@dataclass(frozen=True, slots=True)
class Vector:
    """One function of the vector unit on so many elements; those that follow each other share its start-up."""

    function: VectorFunction
    elements: int


@dataclass(frozen=True, slots=True)
class Cpu:
    """A function that the vector unit lacks, done by the CPU; the processor waits."""

    function: VectorFunction
    elements: int


@dataclass(frozen=True, slots=True)
class Store:
    """Write so many bytes to DRAM."""

    size_bytes: int


@dataclass(frozen=True, slots=True)
class Sync:
    """The products up to the next vector work wait until the vector unit has finished all before."""


Instruction = Load | Fetch | Matvec | Vector | Cpu | Store | Sync | Product
_OPCODES: tuple[type, ...] = (Load, Fetch, Matvec, Vector, Cpu, Store, Sync, Product)


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled program: what the processor executes for one job.

    Attributes:
        name: of the program.
        instructions: in order.
        frames: that one run takes (encoder outputs gathered).
    """

    name: str
    instructions: tuple[Instruction, ...]
    frames: int = 1

    @property
    def matrices(self) -> tuple[str, ...]:
        """Names of its matrices in order of first use; an encoded instruction names them by their place here."""
        found = (step.matrix for step in self.instructions if isinstance(step, Load | Matvec))
        return tuple(dict.fromkeys(found))

    @property
    def size_bytes(self) -> int:
        """Bytes of the encoded program."""
        return INSTRUCTION_BYTES * len(self.instructions)


def encode(code: Code) -> bytes:
    """The program as the processor's memory holds it, `INSTRUCTION_BYTES` each, little-endian."""
    number = {name: index for index, name in enumerate(code.matrices)}
    return b"".join(_pack(step, number) for step in code.instructions)


def decode(data: bytes, matrices: Sequence[str]) -> tuple[Instruction, ...]:
    """The instructions again.

    Args:
        data: what `encode` gave.
        matrices: ``Code.matrices``.

    Raises:
        InputError: cut short, or an opcode, function or matrix that does not exist.
    """
    if len(data) % INSTRUCTION_BYTES:
        raise InputError(f"program of {len(data)} bytes: must be a multiple of {INSTRUCTION_BYTES}")
    return tuple(_unpack(word, at, matrices) for at, word in enumerate(_WORD.iter_unpack(data)))


def listing(code: Code) -> list[str]:
    """One line of text per instruction."""
    return [f"{at:4}  {_text(step)}" for at, step in enumerate(code.instructions)]


def _pack(step: Instruction, number: dict[str, int]) -> bytes:
    opcode = _OPCODES.index(type(step))
    match step:
        case Load():
            return _WORD.pack(opcode, 0, 0, 0, number[step.matrix], 0, step.first, step.tiles)
        case Matvec():
            bits = (step.weight_bits - 1) << 4 | (step.activation_bits - 1)
            place = (number[step.matrix], step.vectors << 1 | int(step.decode), step.first, step.tiles)
            return _WORD.pack(opcode, bits, step.frame, step.frames, *place)
        case Vector() | Cpu():
            return _WORD.pack(opcode, 0, 0, 0, 0, _FUNCTIONS.index(step.function), 0, step.elements)
        case Fetch() | Store():
            return _WORD.pack(opcode, 0, 0, 0, 0, 0, 0, step.size_bytes)
        case Product():
            bits = (step.activation_bits - 1) << 4 | (step.activation_bits - 1)
            return _WORD.pack(opcode, bits, 0, step.frames, 0, step.vectors << 1, step.rows, step.columns)
        case Sync():
            return _WORD.pack(opcode, 0, 0, 0, 0, 0, 0, 0)


def _unpack(word: tuple[int, ...], at: int, matrices: Sequence[str]) -> Instruction:
    opcode, bits, frame, frames, matrix, operand, first, count = word
    kind = _OPCODES[opcode] if opcode < len(_OPCODES) else None
    if kind is Sync:
        return Sync()
    if kind in (Fetch, Store):
        return kind(count)
    if kind in (Vector, Cpu) and operand < len(_FUNCTIONS):
        return kind(_FUNCTIONS[operand], count)
    if kind in (Load, Matvec) and matrix < len(matrices):
        if kind is Load:
            return Load(matrices[matrix], first, count)
        how = (bits >> 4) + 1, (bits & 15) + 1, operand & 1 == 1, frame, frames, operand >> 1
        return Matvec(matrices[matrix], first, count, *how)
    if kind is Product:
        return Product(first, count, (bits & 15) + 1, frames, operand >> 1)
    raise InputError(
        f"program: instruction {at}: opcode {opcode}, matrix {matrix}, operand {operand}: there is no such instruction"
    )


def _text(step: Instruction) -> str:
    match step:
        case Load():
            return f"load    {step.matrix} tiles {step.first}..{step.first + step.tiles - 1}"
        case Matvec():
            frames = f" frames {step.frame}..{step.frame + step.frames - 1}" if step.frame or step.frames > 1 else ""
            how = "decode" if step.decode else "as stored"
            place = f"{step.matrix} tiles {step.first}..{step.first + step.tiles - 1}"
            vectors = f" x {step.vectors} vectors" if step.vectors > 1 else ""
            return f"matvec  {place} {step.weight_bits}b x {step.activation_bits}b {how}{frames}{vectors}"
        case Product():
            vectors = f" x {step.frames * step.vectors} vectors" if step.frames * step.vectors > 1 else ""
            return f"product {step.rows} x {step.columns} of activations {step.activation_bits}b{vectors}"
        case Vector() | Cpu():
            return f"{type(step).__name__.lower():7} {step.function} {step.elements}"
        case Fetch() | Store():
            return f"{type(step).__name__.lower():7} {step.size_bytes} B"
        case Sync():
            return "sync"
