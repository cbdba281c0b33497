"""Biases in an image: whole numbers on the grids of the processor, and in a delta how many steps each has moved.

::

    0.1372  ──grid of 2^-11──> 281       old 278, new 281 ──> +3       (float32 bits would hardly repeat at all)

The processor brings every bias onto its grid anyway, so an image that does it beforehand gives the same words.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from azsim.compress.network import CompressedNetwork
from azsim.errors import CodecError
from azsim.nn.fixed_point import quantise_to
from azsim.nn.rnnt.formats import bias_grids

FLOATS, NUMBERS = np.dtype("<f4"), np.dtype("<i4")
MOST_STEPS = 1 << 22
"""Beyond it a float32 cannot say which step it was."""
INT32_MAX = 2**31 - 1


def numbers_of(small: CompressedNetwork) -> dict[str, tuple[float, bytes]]:
    """Biases that can be told by their grid: name -> step, and the section's int32 numbers."""
    network = small.network
    if network.is_bidirectional:
        return {}
    found = {}
    grids = bias_grids(network, {name: max(matrix.scales) for name, matrix in small.matrices.items()})
    for name, (step, limit) in grids.items():
        numbers = quantise_to(network.parameters[name], step, limit)
        if np.abs(numbers).max(initial=0) < MOST_STEPS:
            found[name] = step, numbers.astype(NUMBERS).tobytes()
    return found


def vector_of(section: bytes | memoryview, step: float | None) -> np.ndarray:
    """The float32 numbers that a section of an image holds; raises `CodecError` if it cannot be one."""
    if len(section) % FLOATS.itemsize:
        raise CodecError(f"{len(section)} bytes do not hold numbers of 4 bytes")
    if step is None:
        return np.frombuffer(section, FLOATS).astype(np.float32)
    return (np.frombuffer(section, NUMBERS) * np.float64(step)).astype(np.float32)


def make_steps(old: memoryview, old_step: float | None, new: memoryview, step: float) -> bytes:
    """How many steps each number of a section has moved from where the old section has it; of equal lengths."""
    moved = np.frombuffer(new, NUMBERS) - _on_grid(old, old_step, step)
    return zlib.compress(planes(((moved << 1) ^ (moved >> 31)).tobytes()), 9)


def apply_steps(old: memoryview, old_step: float | None, steps: memoryview, step: float) -> bytes:
    """The new section; raises `CodecError` if the steps are damaged or not as many as the old section's numbers."""
    folded = np.frombuffer(unplaned(inflated(steps, len(old))), np.dtype("<u4"))
    moved = (folded >> 1).astype(NUMBERS) ^ -(folded & 1).astype(NUMBERS)
    return (_on_grid(old, old_step, step) + moved).astype(NUMBERS).tobytes()


def xor(left: memoryview | bytes, right: memoryview | bytes) -> bytes:
    """Bit by bit; of equal lengths."""
    return (np.frombuffer(left, np.uint8) ^ np.frombuffer(right, np.uint8)).tobytes()


def planes(data: bytes) -> bytes:
    """All first bytes of the numbers, then all second ones, ...: like beside like."""
    return np.frombuffer(data, np.uint8).reshape(-1, FLOATS.itemsize).T.tobytes()


def unplaned(data: bytes) -> bytes:
    """The inverse of `planes`."""
    return np.frombuffer(data, np.uint8).reshape(FLOATS.itemsize, -1).T.tobytes()


def inflated(body: memoryview, size: int) -> bytes:
    """A deflated part that must have ``size`` bytes; raises `CodecError`."""
    unpacker = zlib.decompressobj()
    data = unpacked(lambda part: unpacker.decompress(part, size + 1), body)
    if len(data) != size or size % FLOATS.itemsize or not unpacker.eof or unpacker.unused_data:
        raise CodecError(f"a difference of numbers of {len(data)} bytes for {size}")
    return data


def unpacked(unpack: Callable[[memoryview], bytes], data: memoryview) -> bytes:
    """What ``unpack`` makes of it; raises `CodecError` if it is not deflated."""
    try:
        return unpack(data)
    except zlib.error as error:
        raise CodecError(f"a deflated part is damaged: {error}") from error


def _on_grid(section: memoryview, old_step: float | None, step: float) -> np.ndarray:
    """The numbers of a section as steps of a grid, int32: as they are if it is theirs, else the nearest."""
    if old_step == step:
        return np.frombuffer(section, NUMBERS)
    own = np.frombuffer(section, FLOATS if old_step is None else NUMBERS).astype(np.float64)
    values = own if old_step is None else own * old_step
    return quantise_to(np.nan_to_num(values, posinf=0.0, neginf=0.0), step, INT32_MAX).astype(NUMBERS)
