"""`golomb`: Golomb-Rice codes of zero runs and of the values between them, with parameters chosen per decoder stream.

::

    0 0 7 0 5 5 ...   ->  run 2, value 7, run 1, value 5, run 0, value 5 ...    a value is its rank by frequency
    Rice code, k = 2, of 9:   11 0 01     q = 9 >> 2 ones, a zero, the low k bits

Where runs do not pay, a stream drops them and codes every position by its rank.

**Hardware:** a leading-ones counter, a shifter and an adder per code; no code table, only the ranking of the palette.
A code's length is known when its ones are counted, so one code per cycle and stream is natural and more need guesses;
``values`` of the decoder load counts all codes, runs included. The Ethos-U family lessens this by sending the unary
parts of up to 12 codes together, ahead of their remainders.
**Source:** Golomb 1966, Rice 1979; the idea of alternating zero runs and ranked values is that of the Ethos-U weight
stream (Arm, ethos-u-vela, mlw_codec). Own format: no slices (parameters per decoder stream), every parameter chosen by
exact cost, a palette of all values ranked per matrix instead of at most 32 per slice and signed numbers beyond it, an
escape that bounds every code to 46 bits instead of truncated unary, and no interleaved chunks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np

from azsim.compiled import njit
from azsim.compress.circuit import SERIAL
from azsim.compress.codecs.bits import SOUND, ends, nonzero_values, pack, peek, refuse, words
from azsim.compress.codecs.codec import Codec, Options, Part
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.codecs.registry import register
from azsim.errors import CodecError

ONES = 15
"""A code that starts with so many ones carries its number in plain bits."""
VALUE_BITS = 8
RUN_BITS = 31
NO_RUNS = 15
"""In place of a run parameter: every position is a value."""
PLAIN = 15
"""In place of a value parameter: ranks in as many bits as the highest one needs."""
HEADER_BITS = 8
DE_BRUIJN = 0x03F79D71B4CB0A89


@njit(cache=True, nogil=True)
def _rice(source, bit, k, escape_bits, places):
    """The Rice code at ``bit``: its number and its length."""
    code = peek(source, bit)
    inverse = ~code | np.uint64(1 << ONES)
    lowest = inverse & (~inverse + np.uint64(1))
    ones = np.int64(places[(lowest * np.uint64(DE_BRUIJN)) >> np.uint64(58)])
    if ones == ONES:
        number = (code >> np.uint64(ONES)) & np.uint64((1 << escape_bits) - 1)
        return np.int64(number), ONES + escape_bits
    low = (code >> np.uint64(ones + 1)) & np.uint64((1 << k) - 1)
    return (ones << k) | np.int64(low), ones + 1 + k


@njit(cache=True, nogil=True)
def _expand(source, spans, bounds, value_of, limits, plain, places, out, load):
    """Read all streams into ``out`` (uint8, all zero); returns the first damaged stream or `SOUND`.

    Row 1 of ``value_of``, ``limits`` and ``plain`` (bits of a rank) is for streams with runs: without zero.
    """
    for stream in range(spans.shape[0]):
        first = 8 * spans[stream, 0]
        last = 8 * spans[stream, 1]
        at = bounds[stream]
        stop = bounds[stream + 1]
        bit = first
        codes = 0
        form = 0
        value_k = 0
        run_k = 0
        if at < stop:
            header = peek(source, bit)
            value_k = np.int64(header & np.uint64(15))
            run_k = np.int64((header >> np.uint64(4)) & np.uint64(15))
            form = 0 if run_k == NO_RUNS else 1
            bit += HEADER_BITS
        while at < stop:
            if form == 1:
                run, length = _rice(source, bit, run_k, RUN_BITS, places)
                bit += length
                codes += 1
                at += run
                if bit > last or at > stop:
                    return stream
                if at == stop:
                    break
            if value_k == PLAIN:
                rank = np.int64(peek(source, bit) & np.uint64((1 << plain[form]) - 1))
                length = plain[form]
            else:
                rank, length = _rice(source, bit, value_k, VALUE_BITS, places)
            bit += length
            codes += 1
            if bit > last or rank >= limits[form]:
                return stream
            out[at] = value_of[form, rank]
            at += 1
        if not ends(source, bit, spans[stream, 1]):
            return stream
        load[stream, 0] = codes
        load[stream, 1] = bit - first
    return SOUND


@njit(cache=True, nogil=True)
def _cost(numbers, escape_bits, bits):
    """Add to ``bits`` what the Rice codes of ``numbers`` take with each parameter 0 .. ``bits.size - 1``."""
    for number in numbers:
        for k in range(bits.size):
            ones = number >> k
            bits[k] += ones + 1 + k if ones < ONES else ONES + escape_bits


@njit(cache=True, nogil=True)
def _write(numbers, k, escape_bits, codes, widths, first, step):
    """Rice codes of ``numbers``, first bit lowest, and their lengths, at every ``step``-th place from ``first`` on."""
    at = first
    for number in numbers:
        ones = number >> k
        if ones < ONES:
            codes[at] = ((1 << ones) - 1) | (number & ((1 << k) - 1)) << (ones + 1)
            widths[at] = ones + 1 + k
        else:
            codes[at] = ((1 << ONES) - 1) | number << ONES
            widths[at] = ONES + escape_bits
        at += step


@lru_cache(maxsize=1)
def _lowest_bit_places() -> np.ndarray:
    """uint8 ``(64,)``: the place of the only set bit x of a number, at ``(x * DE_BRUIJN mod 2^64) >> 58``."""
    places = np.empty(64, dtype=np.uint8)
    places[[((DE_BRUIJN << bit) & ((1 << 64) - 1)) >> 58 for bit in range(64)]] = np.arange(64)
    return places


@dataclass(frozen=True)
class GolombCoder:
    """A `MatrixCoder` of runs and ranks.

    Attributes:
        weight_bits: as asked for; it does not change the code.
        table: the values that occur, int8, the most frequent first.
        options: 0.
        compact: tiles have full headers.
    """

    weight_bits: int
    table: bytes
    options: int = 0
    compact: bool = False

    circuit = SERIAL

    @cached_property
    def _value_of(self) -> np.ndarray:
        """uint8 ``(2, 256)``: value of each rank among all values and among those that are not zero."""
        ranked = np.frombuffer(self.table, dtype=np.uint8)
        value_of = np.zeros((2, 256), dtype=np.uint8)
        value_of[0, : ranked.size] = ranked
        value_of[1, : np.count_nonzero(ranked)] = ranked[ranked != 0]
        return value_of

    @cached_property
    def _limits(self) -> np.ndarray:
        """int64 ``(2,)``: ranks in each row of the values."""
        return np.array([len(self.table), len(self.table) - self.table.count(0)])

    @cached_property
    def _plain(self) -> np.ndarray:
        """int64 ``(2,)``: bits of a plain rank for each row of the values."""
        return np.array([max(0, int(limit) - 1).bit_length() for limit in self._limits])

    @cached_property
    def _rank_of(self) -> np.ndarray:
        """int64 ``(2, 256)``: rank of each value in each row."""
        rank_of = np.zeros((2, 256), dtype=np.int64)
        for form, count in enumerate(self._limits):
            rank_of[form, self._value_of[form, :count]] = np.arange(count)
        return rank_of

    def encode_streams(self, values: np.ndarray, places: StreamPositions) -> list[Part]:
        """Encode int8 values that all have a rank."""
        return [self._encode(values[start:stop]) for start, stop in pairwise(places.bounds.tolist())]

    def decode_streams(
        self, data: np.ndarray, spans: np.ndarray, places: StreamPositions
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values, and codes and bits of each stream; raises `CodecError` if one does not hold its positions."""
        out = np.zeros(int(places.bounds[-1]), dtype=np.uint8)
        load = np.empty(spans.shape, dtype=np.int64)
        tables = (self._value_of, self._limits, self._plain, _lowest_bit_places())
        refuse(_expand(words(data), spans, places.bounds, *tables, out, load), spans, places.bounds)
        return out.view(np.int8), load

    def _encode(self, values: np.ndarray) -> Part:
        """One stream, with the parameters that take the fewest bits."""
        if values.size == 0:
            return Part(data=b"", values=0, bits=0)
        stored = np.flatnonzero(values)
        runs = np.diff(stored, prepend=-1, append=values.size) - 1
        if runs[-1] == 0:
            runs = runs[:-1]
        run_bits = np.zeros(NO_RUNS, dtype=np.int64)
        _cost(runs, RUN_BITS, run_bits)
        run_k = int(run_bits.argmin())
        dense = self._rank_of[0, values.view(np.uint8)]
        sparse = self._rank_of[1, values[stored].view(np.uint8)]
        (dense_bits, dense_k), (sparse_bits, sparse_k) = self._best(dense, 0), self._best(sparse, 1)
        with_runs = sparse_bits + run_bits[run_k] < dense_bits
        codes = np.empty(runs.size + sparse.size if with_runs else dense.size, dtype=np.uint64)
        widths = np.empty(codes.size, dtype=np.uint8)
        if with_runs:
            _write(runs, run_k, RUN_BITS, codes, widths, 0, 2)
            ranks, k, form, header = sparse, sparse_k, 1, sparse_k | run_k << 4
        else:
            ranks, k, form, header = dense, dense_k, 0, dense_k | NO_RUNS << 4
        if k == PLAIN:
            codes[form :: form + 1], widths[form :: form + 1] = ranks, self._plain[form]
        else:
            _write(ranks, k, VALUE_BITS, codes, widths, form, form + 1)
        data, bits = pack(codes, widths)
        return Part(data=bytes([header]) + data, values=codes.size, bits=HEADER_BITS + bits)

    def _best(self, ranks: np.ndarray, form: int) -> tuple[int, int]:
        """The fewest bits that ranks take, and the parameter."""
        bits = np.zeros(VALUE_BITS, dtype=np.int64)
        _cost(ranks, VALUE_BITS, bits)
        return min((int(bits.min()), int(bits.argmin())), (ranks.size * int(self._plain[form]), PLAIN))


@register
class Golomb(Codec):
    """Golomb-Rice codes; ``weight_bits`` only limits how many values may occur."""

    name = "golomb"
    number = 9
    grid = "palette"
    zero_is_free = True
    circuit = SERIAL

    def plan(self, matrix: np.ndarray, weight_bits: int, options: Options) -> GolombCoder:
        """Rank the values; raises `InputError` if more than ``2^weight_bits`` occur besides zero."""
        nonzero_values(matrix, weight_bits, self.name)
        counts = np.bincount(np.ravel(matrix).view(np.uint8), minlength=256)
        ranked = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        return GolombCoder(weight_bits, ranked.astype(np.uint8).tobytes())

    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> GolombCoder:
        """Set up from a header."""
        if option_byte or not 1 <= len(table) == len(set(table)):
            raise CodecError("a golomb stream has no options and a table of 1 to 256 different values")
        return GolombCoder(weight_bits, table)
