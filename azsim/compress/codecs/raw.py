"""`raw`: eight bits for every position, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.compress.circuit import PARALLEL
from azsim.compress.codecs.codec import Codec, Options, Part
from azsim.compress.codecs.registry import register
from azsim.errors import CodecError


@dataclass(frozen=True)
class RawCoder:
    """A `Coder` that copies."""

    weight_bits: int = 8
    options: int = 0
    table: bytes = b""

    circuit = PARALLEL

    def encode(self, values: np.ndarray) -> Part:
        """The values as they are."""
        return Part(data=values.tobytes(), values=values.size, bits=8 * values.size)

    def decode(self, data: memoryview, positions: int) -> np.ndarray:
        """The bytes as they are; raises `CodecError` if their number is wrong."""
        self.load(data, positions)
        return np.frombuffer(data, dtype=np.int8)

    def load(self, data: memoryview, positions: int) -> tuple[int, int]:
        """Values and bits in one decoder stream."""
        if len(data) != positions:
            raise CodecError(f"{len(data)} bytes do not hold the {positions} positions of a decoder stream")
        return positions, 8 * positions


@register
class Raw(Codec):
    """Uncompressed int8: the baseline."""

    name = "raw"
    number = 1
    grid = "uniform"
    weight_bits = range(8, 9)
    circuit = PARALLEL

    def plan(self, matrix: np.ndarray, weight_bits: int, options: Options) -> RawCoder:
        """Hold any int8 matrix; ``weight_bits`` has no influence."""
        return RawCoder()

    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> RawCoder:
        """Set up from a header."""
        if weight_bits != 8 or option_byte or table:
            raise CodecError(f"a raw stream of {weight_bits} bits, options {option_byte} and a table is impossible")
        return RawCoder()
