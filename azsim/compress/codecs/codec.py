"""What a codec is: it looks at a matrix once, then turns runs of int8 values into bits and back.

::

    Codec.plan(matrix, bits) ──> Coder ──encode──> Part (bits of one decoder stream)
    Codec.restore(table, bits)  ──> Coder <──decode── bytes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numba import njit

from azsim.compress.circuit import Circuit
from azsim.compress.codecs.places import Places
from azsim.errors import InputError

Bypass = Literal["none", "zero-value", "shared-value"]


@dataclass(frozen=True, slots=True)
class Part:
    """What one decoder stream of one tile reads.

    Attributes:
        data: its bytes, padded with zero bits to a whole byte.
        values: values that the decoder takes from the bits one by one (non-zeros where zeros go through a bitmap).
        bits: bits in ``data`` without the padding.
    """

    data: bytes
    values: int
    bits: int


class Coder(Protocol):
    """A codec set up for one matrix."""

    @property
    def weight_bits(self) -> int:
        """Bits of an index or value, as the headers state them."""

    @property
    def options(self) -> int:
        """The codec's option byte in the headers."""

    @property
    def table(self) -> bytes:
        """Palette or other tables, loaded once per matrix."""

    @property
    def circuit(self) -> Circuit:
        """What a decoder stream can do at most, and what a switch to the matrix takes."""

    def encode(self, values: np.ndarray) -> Part:
        """Encode int8 ``(n,)`` values, given in position order."""

    def decode(self, data: memoryview, positions: int) -> np.ndarray:
        """Decode to int8 ``(positions,)``; raises `CodecError` if ``data`` does not hold exactly that many."""

    def load(self, data: memoryview, positions: int) -> tuple[int, int]:
        """Values and bits (see `Part`) in the bytes of one decoder stream."""


@runtime_checkable
class MatrixCoder(Protocol):
    """A `Coder` that takes all decoder streams of a matrix, or of some of its tiles, in one call: the fastest way.

    ``places`` says which positions they are.
    """

    @property
    def compact(self) -> bool:
        """Whether the tiles have short headers."""

    @property
    def circuit(self) -> Circuit:
        """What a decoder stream can do at most, and what a switch to the matrix takes."""

    def encode_streams(self, values: np.ndarray, places: Places) -> list[Part]:
        """Encode int8 values in stream order to one `Part` per stream."""

    def decode_streams(self, data: np.ndarray, spans: np.ndarray, places: Places) -> tuple[np.ndarray, np.ndarray]:
        """Decode the streams that stand at ``spans`` of a bitstream.

        Args:
            data: uint8, the whole bitstream, and at least 8 bytes more.
            spans: int64 ``(streams, 2)``, first byte and the one after the last of each stream, all inside.
            places: the positions.

        Returns:
            int8 values in stream order, and int64 ``(streams, 2)``: values and bits (see `Part`) of each stream.

        Raises:
            CodecError: a stream does not hold exactly its positions.
        """


class Codec(Protocol):
    """A way to store int8 values; one instance per name in the registry."""

    @property
    def name(self) -> str:
        """What users call it."""

    @property
    def number(self) -> int:
        """What the headers call it, 1 to 255, never used again for another codec."""

    def plan(self, matrix: np.ndarray, weight_bits: int, bypass: Bypass) -> Coder | MatrixCoder:
        """Set up for an int8 matrix; raises `InputError` if the codec cannot hold it without loss."""

    def restore(self, weight_bits: int, options: int, table: bytes) -> Coder | MatrixCoder:
        """Set up from what a header says; raises `CodecError` if that is impossible."""


def refuse_bypass(codec: str, bypass: Bypass) -> None:
    """Raise `InputError` unless ``bypass`` is ``none``: only zvsv has stages to bypass."""
    if bypass != "none":
        raise InputError(f"codec {codec!r} has no {bypass} stage to bypass; use codec='zvsv' or bypass='none'")


@njit(cache=True, nogil=True)
def _mark(values, seen):
    for row in range(values.shape[0]):
        for value in values[row]:
            seen[np.int64(value) + 128] = True


def distinct(matrix: np.ndarray) -> np.ndarray:
    """The values that occur in an int8 matrix, rising, int64."""
    seen = np.zeros(256, dtype=np.bool_)
    _mark(np.ascontiguousarray(matrix), seen)
    return np.flatnonzero(seen) - 128
