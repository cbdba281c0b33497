"""`huffman`: canonical prefix codes of at most 12 bits, one per value, the table once per matrix.

::

    values -5 .. 6, lengths 4 bits each ──> canonical codes ──> table of 4096 entries: up to 3 values and their bits
    bits ──12──> table ──> values, and how far to shift

**Hardware:** a shifter and the table, whose look-up is the serial loop: the next code starts where this one ends. One
value per cycle and stream takes a table of lengths by code prefix; the software's table of up to three values per
look-up would be 16 KiB of SRAM per stream. Every position is one of the ``values`` of the decoder load, zeros included:
a sparse stream is small here, but not fast.
**Source:** Huffman, 1952; Han et al., "Deep Compression", ICLR 2016 (Huffman codes of shared values); lengths by
package-merge, Larmore and Hirschberg, 1990.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np

from azsim.compiled import njit
from azsim.compress.circuit import SERIAL, Circuit
from azsim.compress.codecs.bits import SOUND, ends, nonzero_values, pack, peek, refuse, words
from azsim.compress.codecs.codec import Codec, Options, Part
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.codecs.registry import register
from azsim.errors import CodecError

MAX_BITS = 12
ENTRIES = 1 << MAX_BITS
PER_LOOKUP = 3
SLACK = 4 * PER_LOOKUP


@njit(cache=True, nogil=True)
def _expand(source, spans, bounds, table, out, load):
    """Read all streams into ``out`` (uint8, `SLACK` longer); returns the first damaged stream or `SOUND`.

    An entry of ``table`` (uint32): three values from bit 0 on, their number at bit 24, the bits of all at 26; the bits
    of the first alone are in row 1.
    """
    low = np.uint64(ENTRIES - 1)
    for stream in range(spans.shape[0]):
        first = 8 * spans[stream, 0]
        last = 8 * spans[stream, 1]
        bit = first
        at = bounds[stream]
        stop = bounds[stream + 1]
        while at <= stop - SLACK and bit <= last:
            code = peek(source, bit)
            for _ in range(4):
                entry = table[0, code & low]
                out[at] = np.uint8(entry & np.uint32(255))
                out[at + 1] = np.uint8((entry >> np.uint32(8)) & np.uint32(255))
                out[at + 2] = np.uint8((entry >> np.uint32(16)) & np.uint32(255))
                at += np.int64((entry >> np.uint32(24)) & np.uint32(3))
                taken = np.int64(entry >> np.uint32(26))
                bit += taken
                code >>= np.uint64(taken)
        while at < stop and bit <= last:
            index = peek(source, bit) & low
            out[at] = np.uint8(table[0, index] & np.uint32(255))
            at += 1
            bit += np.int64(table[1, index])
        if bit > last or not ends(source, bit, spans[stream, 1]):
            return stream
        load[stream, 0] = stop - bounds[stream]
        load[stream, 1] = bit - first
    return SOUND


def code_lengths(counts: np.ndarray, limit: int = MAX_BITS) -> np.ndarray:
    """Lengths of an optimal prefix code of at most ``limit`` bits.

    Args:
        counts: int64 ``(n,)``, all positive; ``n <= 2^limit``.

    Returns:
        int64 ``(n,)``; a single symbol gets no bits at all.

    **Source:** package-merge, Larmore and Hirschberg, 1990.
    """
    if counts.size == 1:
        return np.zeros(1, dtype=np.int64)
    order = np.argsort(counts, kind="stable")
    coins = [(int(counts[symbol]), (int(symbol),)) for symbol in order]
    packages: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(limit - 1):
        merged = sorted(packages + coins, key=lambda coin: coin[0])
        packages = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(merged[::2], merged[1::2])]
    chosen = sorted(packages + coins, key=lambda coin: coin[0])[: 2 * counts.size - 2]
    return np.bincount([symbol for _, symbols in chosen for symbol in symbols], minlength=counts.size)


def canonical_codes(lengths: np.ndarray) -> np.ndarray:
    """Canonical codes (shorter first, then in order), mirrored so that the first bit is the lowest; int64."""
    codes = np.zeros(lengths.size, dtype=np.int64)
    code = 0
    for length in range(1, MAX_BITS + 1):
        code <<= 1
        for symbol in np.flatnonzero(lengths == length):
            codes[symbol] = int(f"{code:0{length}b}"[::-1], 2)
            code += 1
    return codes


@lru_cache(maxsize=64)
def _lookup(table: bytes) -> np.ndarray:
    """The decoder's table, uint32 ``(2, 4096)``, see `_expand`."""
    values, lengths = _read_table(table)
    first = np.zeros(ENTRIES, dtype=np.int64)
    bits = np.zeros(ENTRIES, dtype=np.int64)
    for value, length, code in zip(values, lengths, canonical_codes(lengths)):
        first[code :: 1 << length] = value & 255
        bits[code :: 1 << length] = length
    entry, number, total = first.copy(), np.ones(ENTRIES, dtype=np.int64), bits.copy()
    for _ in range(PER_LOOKUP - 1):
        rest = np.arange(ENTRIES) >> total
        fits = total + bits[rest] <= MAX_BITS
        entry |= np.where(fits, first[rest] << (8 * number), 0)
        total += np.where(fits, bits[rest], 0)
        number += fits
    return np.stack([entry | number << 24 | total << 26, bits]).astype(np.uint32)


def _read_table(table: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The values that have a code and the lengths of their codes; raises `CodecError` if they make none."""
    if len(table) < 2:
        raise CodecError(f"a huffman table of {len(table)} bytes is too short")
    low, high = np.frombuffer(table[:2], dtype=np.int8).astype(np.int64)
    if low == high and len(table) == 2:
        return np.array([low]), np.array([0])
    nibbles = np.frombuffer(table[2:], dtype=np.uint8)
    lengths = np.stack([nibbles & 15, nibbles >> 4], axis=1).ravel().astype(np.int64)
    span = int(high - low + 1)
    if span < 2 or nibbles.size != -(-span // 2) or lengths[span:].any():
        raise CodecError(f"a huffman table of {len(table)} bytes cannot hold the values {low} to {high}")
    present = np.flatnonzero(lengths)
    lengths = lengths[present]
    if lengths.size < 2 or lengths.max() > MAX_BITS or (ENTRIES >> lengths).sum() != ENTRIES:
        raise CodecError("the lengths in the huffman table make no complete prefix code of at most 12 bits")
    return low + present, lengths


@dataclass(frozen=True)
class HuffmanCoder:
    """A `MatrixCoder` of prefix codes.

    Attributes:
        weight_bits: as asked for; it does not change the code.
        table: lowest and highest value, then a length of 4 bits for each value between them.
        options: 0.
        compact: tiles have full headers.
    """

    weight_bits: int
    table: bytes
    options: int = 0
    compact: bool = False

    @property
    def circuit(self) -> Circuit:
        """One value per cycle; the lengths are made into codes one by one."""
        return replace(SERIAL, setup_cycles=_read_table(self.table)[0].size)

    @cached_property
    def _codes(self) -> tuple[np.ndarray, np.ndarray]:
        """Code (uint64) and length (uint8) of each value as uint8, each ``(256,)``."""
        values, lengths = _read_table(self.table)
        codes, widths = np.zeros(256, dtype=np.uint64), np.zeros(256, dtype=np.uint8)
        codes[values & 255] = canonical_codes(lengths)
        widths[values & 255] = lengths
        return codes, widths

    def encode_streams(self, values: np.ndarray, places: StreamPositions) -> list[Part]:
        """Encode int8 values that all have a code."""
        codes, widths = self._codes
        symbols = values.view(np.uint8)
        parts = []
        for start, stop in pairwise(places.bounds.tolist()):
            own = symbols[start:stop]
            data, bits = pack(codes[own], widths[own])
            parts.append(Part(data=data, values=own.size, bits=bits))
        return parts

    def decode_streams(
        self, data: np.ndarray, spans: np.ndarray, places: StreamPositions
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values, and values and bits of each stream; raises `CodecError` if one does not hold its positions."""
        positions = int(places.bounds[-1])
        out = np.empty(positions + SLACK, dtype=np.uint8)
        load = np.empty(spans.shape, dtype=np.int64)
        refuse(_expand(words(data), spans, places.bounds, _lookup(self.table), out, load), spans, places.bounds)
        return out[:positions].view(np.int8), load


@register
class Huffman(Codec):
    """Canonical Huffman codes; ``weight_bits`` only limits how many values may occur."""

    name = "huffman"
    number = 8
    grid = "palette"
    zero_is_free = True
    circuit = SERIAL

    def plan(self, matrix: np.ndarray, weight_bits: int, options: Options) -> HuffmanCoder:
        """Make the code; raises `InputError` if more than ``2^weight_bits`` values occur besides zero."""
        nonzero_values(matrix, weight_bits, self.name)
        signed = np.roll(np.bincount(np.ravel(matrix).view(np.uint8), minlength=256), 128)
        present = np.flatnonzero(signed)
        low, high = int(present[0]), int(present[-1])
        table = np.array([low - 128, high - 128], dtype=np.int8).tobytes()
        if low == high:
            return HuffmanCoder(weight_bits, table)
        nibbles = np.zeros((high - low) // 2 * 2 + 2, dtype=np.uint8)
        nibbles[present - low] = code_lengths(signed[present])
        return HuffmanCoder(weight_bits, table + (nibbles[::2] | nibbles[1::2] << 4).tobytes())

    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> HuffmanCoder:
        """Set up from a header."""
        if option_byte:
            raise CodecError(f"a huffman stream has no options, not {option_byte}")
        _read_table(table)
        return HuffmanCoder(weight_bits, table)
