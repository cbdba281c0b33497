"""`run-length`: entries of one fixed width, a run of zeros and the value that ends it.

::

    0 0 0 7 0 5 0 0 0 0 0 0 0 0 0 3    ->   (3, 7) (1, 5) (7, 0) (1, 3)      runs of at most 7: 3 bits
    entry = run (r bits) | value (b bits)

A run that is too long is cut by an entry whose value is zero, and an entry with the value zero closes the last run.

**Hardware:** no state but a counter: an entry leaves the shifter whole, a down-counter emits its zeros, the value goes
through the palette. One entry per cycle and stream is what Eyeriss builds; several need a prefix sum over their runs,
as wide as the entries taken together. Entries are the ``values`` of the decoder load; the table is the palette.
**Source:** Chen et al., "Eyeriss", JSSC 2017, section V-D (runs of 5 bits, 16-bit values); the width chosen per matrix
and the palette are this project's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated

import numpy as np
from msgspec import Meta

from azsim.compiled import njit
from azsim.compress.circuit import SERIAL
from azsim.compress.codecs.bits import SOUND, ends, pack, peek, refuse, words
from azsim.compress.codecs.codec import Codec, Options, Part
from azsim.compress.codecs.fixed_width import palette_values, two_complement
from azsim.compress.codecs.palette import palette_of
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.codecs.registry import register
from azsim.errors import CodecError

MAX_RUN_BITS = 8


class RunLengthOptions(Options, frozen=True, forbid_unknown_fields=True):
    """The choices of `run-length`.

    Attributes:
        run_bits: bits of an entry's run; None takes those that cost the fewest bits.
    """

    run_bits: Annotated[int, Meta(ge=0, le=MAX_RUN_BITS)] | None = None


@njit(cache=True, nogil=True)
def _entries(values, code_of, run_bits, codes):
    """Write the entries of ``values`` (uint8) to ``codes``; returns their number."""
    longest = (1 << run_bits) - 1
    count = 0
    run = 0
    for value in values:
        if value == 0 and run < longest:
            run += 1
        else:
            codes[count] = run | np.int64(code_of[value]) << run_bits
            count += 1
            run = 0
    if run:
        codes[count] = run - 1 | np.int64(code_of[0]) << run_bits
        count += 1
    return count


@njit(cache=True, nogil=True)
def _expand(source, spans, bounds, value_of, run_bits, width, out, load):
    """Read all streams into ``out`` (uint8, all zero); returns the first damaged stream or `SOUND`."""
    run_mask = np.uint64((1 << run_bits) - 1)
    mask = np.uint64((1 << width) - 1)
    for stream in range(spans.shape[0]):
        bit = 8 * spans[stream, 0]
        last = 8 * spans[stream, 1] - width
        at = bounds[stream]
        stop = bounds[stream + 1]
        count = 0
        while at < stop:
            if bit > last:
                return stream
            code = peek(source, bit) & mask
            at += np.int64(code & run_mask)
            if at >= stop:
                return stream
            out[at] = value_of[code >> np.uint64(run_bits)]
            at += 1
            bit += width
            count += 1
        if not ends(source, bit, spans[stream, 1]):
            return stream
        load[stream, 0] = count
        load[stream, 1] = count * width
    return SOUND


@dataclass(frozen=True)
class RunLengthCoder:
    """A `MatrixCoder` of entries.

    Attributes:
        weight_bits: bits of an entry's value.
        options: bits of an entry's run, 0 to 8.
        table: the palette; empty with eight bits, which stand for themselves.
        compact: tiles have full headers.
    """

    weight_bits: int
    options: int
    table: bytes
    compact: bool = False

    circuit = SERIAL

    @cached_property
    def _value_of(self) -> np.ndarray:
        return palette_values(self.table) if self.table else two_complement(8, 1)

    @cached_property
    def _code_of(self) -> np.ndarray:
        """uint8 ``(256,)``: the lowest code of each value that has one."""
        code_of = np.zeros(256, dtype=np.uint8)
        codes = np.arange((1 << self.weight_bits) - 1, -1, -1)
        code_of[self._value_of[codes]] = codes
        return code_of

    def encode_streams(self, values: np.ndarray, places: StreamPositions) -> list[Part]:
        """Encode int8 values that all have a code."""
        room, width = np.empty(values.size, dtype=np.uint64), self.options + self.weight_bits
        parts = []
        for start, stop in pairwise(places.bounds.tolist()):
            codes = room[: _entries(values[start:stop].view(np.uint8), self._code_of, self.options, room)]
            data, bits = pack(codes, np.full(codes.size, width, dtype=np.uint8))
            parts.append(Part(data=data, values=codes.size, bits=bits))
        return parts

    def decode_streams(
        self, data: np.ndarray, spans: np.ndarray, places: StreamPositions
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values, and entries and bits of each stream; raises `CodecError` if one does not hold its positions."""
        out = np.zeros(int(places.bounds[-1]), dtype=np.uint8)
        load = np.empty(spans.shape, dtype=np.int64)
        width = self.options + self.weight_bits
        damaged = _expand(words(data), spans, places.bounds, self._value_of, self.options, width, out, load)
        refuse(damaged, spans, places.bounds)
        return out.view(np.int8), load


@register
class RunLength(Codec):
    """Run-length entries with a run width that suits the matrix: ``(r + b)`` bits per entry."""

    name = "run-length"
    number = 6
    grid = "palette"
    circuit = SERIAL
    options_type = RunLengthOptions

    def plan(self, matrix: np.ndarray, weight_bits: int, options: RunLengthOptions) -> RunLengthCoder:
        """Collect the palette and choose the run width; raises `InputError` if the values do not fit the palette.

        Zero is an entry of the palette if it occurs. The width is the one that takes the fewest bits for the runs
        that the matrix has row by row; the position order only shuffles them.
        """
        table = b"" if weight_bits == 8 else palette_of(matrix, weight_bits)
        run_bits = _best_run_bits(matrix, weight_bits) if options.run_bits is None else options.run_bits
        return RunLengthCoder(weight_bits, run_bits, table)

    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> RunLengthCoder:
        """Set up from a header."""
        if option_byte > MAX_RUN_BITS or len(table) != (0 if weight_bits == 8 else 1 << weight_bits):
            raise CodecError(
                f"a run-length stream with runs of {option_byte} bits, values of {weight_bits} and a palette of "
                f"{len(table)} is impossible"
            )
        return RunLengthCoder(weight_bits, option_byte, table)


def _best_run_bits(matrix: np.ndarray, weight_bits: int) -> int:
    stored = np.flatnonzero(matrix)
    runs = np.diff(stored, prepend=-1) - 1
    tail = matrix.size - 1 - (int(stored[-1]) if stored.size else -1)
    entries = [int((runs >> bits).sum()) + runs.size + -(-tail // (1 << bits)) for bits in range(MAX_RUN_BITS + 1)]
    return int(np.argmin([count * (bits + weight_bits) for bits, count in enumerate(entries)]))
