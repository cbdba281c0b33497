"""What a codec is: it looks at a matrix once, then turns runs of int8 values into bits and back.

::

    Codec.plan(matrix, bits, options) ──> Coder ──encode──> Part (bits of one decoder stream)
    Codec.restore(bits, option byte, table)  ──> Coder <──decode── bytes

All that the rest of azsim asks of a codec is stated in its class: name, number, grid, zeros, bits, circuit, options.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, runtime_checkable

import msgspec
import numpy as np

from azsim.compiled import njit
from azsim.compress.circuit import Circuit
from azsim.compress.codecs.places import StreamPositions
from azsim.errors import InputError
from azsim.toml import convert

Grid = Literal["uniform", "palette"]
"""Equal steps around zero, or the few values of one matrix that lose least (`azsim.compress.quantise`)."""


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

    def encode_streams(self, values: np.ndarray, places: StreamPositions) -> list[Part]:
        """Encode int8 values in stream order to one `Part` per stream."""

    def decode_streams(
        self, data: np.ndarray, spans: np.ndarray, places: StreamPositions
    ) -> tuple[np.ndarray, np.ndarray]:
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


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a codec lets its user choose besides the bits; a codec without choices has this."""


class Codec(ABC):
    """A way to store int8 values; ``azsim.compress.codecs.register`` makes the one instance of each.

    Attributes:
        name: what users call it.
        number: what the headers call it, 1 to 255, never used again for another codec.
        grid: the values that `azsim.compress.compress` brings weights onto for it.
        zero_is_free: zero takes none of the ``2^weight_bits`` values, unless options say otherwise (`frees_zero`).
        weight_bits: bits that a code can have.
        circuit: what a decoder stream can do at most; one matrix's `Coder` says what its tables take besides.
        options_type: its own choices, with their defaults.
    """

    name: ClassVar[str]
    number: ClassVar[int]
    grid: ClassVar[Grid]
    zero_is_free: ClassVar[bool] = False
    weight_bits: ClassVar[range] = range(1, 9)
    circuit: ClassVar[Circuit]
    options_type: ClassVar[type[Options]] = Options

    @abstractmethod
    def plan(self, matrix: np.ndarray, weight_bits: int, options: Options) -> Coder | MatrixCoder:
        """Set up for an int8 matrix; raises `InputError` if the codec cannot hold it without loss."""

    @abstractmethod
    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> Coder | MatrixCoder:
        """Set up from what a header says; raises `CodecError` if that is impossible."""

    def frees_zero(self, options: Options) -> bool:
        """Whether zero takes none of the ``2^weight_bits`` values with these options."""
        return self.zero_is_free

    def suited_options(self, zero_share: float, weight_bits: int) -> Options:
        """The options that store a matrix with this share of zeros in the fewest bits."""
        return self.options_type()

    def options_like(self, option_byte: int) -> Options:
        """The options for a matrix that shall be stored as the one with this option byte was."""
        return self.options_type()

    def checked(self, options: Options | Mapping[str, object] | None, where: str = "") -> Options:
        """The options as the codec has them; ``None`` takes its defaults.

        Raises:
            InputError: it has no such option, or not that value for it; ``where`` says who gave it.
        """
        if options is None:
            return self.options_type()
        if isinstance(options, Options) and type(options) is not self.options_type:
            raise InputError(f"{where}codec {self.name!r}: takes {self.options_type.__name__}, not {options!r}")
        tree = msgspec.structs.asdict(options) if isinstance(options, Options) else options
        if not isinstance(tree, Mapping) or not all(isinstance(key, str) for key in tree):
            raise InputError(f"{where}codec {self.name!r}: options are names with values, not {options!r}")
        if tree and not msgspec.structs.fields(self.options_type):
            raise InputError(f"{where}codec {self.name!r}: takes no options; leave out {', '.join(tree)}")
        for key, value in tree.items():
            if not isinstance(value, (str, int, float, bool, type(None))):
                raise InputError(f"{where}codec {self.name!r}: {key}: {type(value).__name__}: is no value of an option")
        return convert(dict(tree), self.options_type, f"{where}codec {self.name!r}")


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
