"""Codes of a fixed number of bits, with or without a bitmap of the zeros: what the simple codecs have in common.

::

    bitmap (1 bit per position, if zeros are skipped) | pad to a byte | codes of b bits | pad to a byte

Bits fill bytes from the least significant end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import as_strided

from azsim.compiled import njit
from azsim.compress.circuit import PARALLEL
from azsim.compress.codecs.codec import Part
from azsim.compress.codecs.places import StreamPositions
from azsim.errors import CodecError

U0, U1, U3, U7, U8, U255 = (np.uint64(number) for number in (0, 1, 3, 7, 8, 255))


@njit(cache=True, nogil=True)
def _pack(values, bounds, code_of, bits, skip_zeros, out, ends, counts):
    """Write the streams of ``values`` (uint8) to ``out``, one behind the other up to ``ends``; count their codes."""
    codes = np.zeros(bounds[1] + 16, dtype=np.uint8)
    width = np.uint64(bits)
    at = U0
    for stream in range(ends.size):
        first, last = np.uint64(bounds[stream]), np.uint64(bounds[stream + 1])
        count = U0
        if skip_zeros:
            while first < last:
                byte = U0
                for k in range(min(U8, last - first)):
                    value = values[first + k]
                    present = np.uint64(value != 0)
                    codes[count] = code_of[value]
                    count += present
                    byte |= present << k
                out[at] = byte
                at += U1
                first += U8
        else:
            for k in range(last - first):
                codes[k] = code_of[values[first + k]]
            count = last - first
        codes[count : count + U8] = 0
        left = (count * width + U7) >> U3
        for start in range(U0, count, U8):
            word = U0
            for k in range(U8):
                word |= np.uint64(codes[start + k]) << (k * width)
            for k in range(min(width, left)):
                out[at + k] = (word >> (U8 * k)) & U255
            at += min(width, left)
            left -= min(width, left)
        ends[stream], counts[stream] = at, count


@njit(cache=True, nogil=True)
def _unpack(words, spans, bounds, value_of, bits, skip_zeros, out, counts):
    """Read the streams at ``spans`` to ``out`` (uint8), count their codes; True if the lengths agree.

    ``words`` has the 8 bytes that start at each byte of the bitstream.
    """
    width = np.uint64(bits)
    mask = (U1 << width) - U1
    codes = np.empty(bounds[1] + 16, dtype=np.uint8)
    for stream in range(spans.shape[0]):
        head, end = np.uint64(spans[stream, 0]), np.uint64(spans[stream, 1])
        first, last = np.uint64(bounds[stream]), np.uint64(bounds[stream + 1])
        n = last - first
        bitmap, count = head, n
        if skip_zeros:
            head += (n + U7) >> U3
            if head > end or (n & U7 and (words[head - U1] & U255) >> (n & U7)):
                return False
            count = U0
            for k in range(bitmap, head):
                byte = words[k] & U255
                byte = (byte & np.uint64(0x55)) + ((byte >> U1) & np.uint64(0x55))
                byte = (byte & np.uint64(0x33)) + ((byte >> np.uint64(2)) & np.uint64(0x33))
                count += (byte & np.uint64(0x0F)) + (byte >> np.uint64(4))
        counts[stream] = count
        if end != head + ((count * width + U7) >> U3):
            return False
        if (count * width) & U7 and (words[end - U1] & U255) >> ((count * width) & U7):
            return False
        target, at = (codes, U0) if skip_zeros else (out, first)
        for _ in range(count >> U3):
            word = words[head]
            for k in range(U8):
                target[at + k] = value_of[(word >> (k * width)) & mask]
            head += width
            at += U8
        if count & U7:
            word = words[head]
            for k in range(count & U7):
                target[at + k] = value_of[(word >> (k * width)) & mask]
        if not skip_zeros:
            continue
        used = U0
        for _ in range(n >> U3):
            byte = words[bitmap]
            for k in range(U8):
                present = (byte >> k) & U1
                out[first + k] = np.uint64(codes[used]) * present
                used += present
            first += U8
            bitmap += U1
        for k in range(n & U7):
            present = (words[bitmap] >> k) & U1
            out[first + k] = np.uint64(codes[used]) * present
            used += present
    return True


@dataclass(frozen=True)
class FixedWidth:
    """A `MatrixCoder` that gives every value, or every non-zero value, a code of ``bits`` bits.

    Attributes:
        weight_bits: bits per code.
        skip_zeros: whether zeros go through a bitmap.
        value_of: uint8 ``(256,)``, the two's complement value of each code.
        table: what the matrix header carries.
        options: the option byte.
        compact: whether tiles have short headers.
    """

    weight_bits: int
    skip_zeros: bool
    value_of: np.ndarray
    table: bytes = b""
    options: int = 0
    compact: bool = False

    circuit = PARALLEL

    @cached_property
    def code_of(self) -> np.ndarray:
        """uint8 ``(256,)``: the lowest code of each value; 0 for values that have none."""
        code_of = np.zeros(256, dtype=np.uint8)
        codes = 1 << self.weight_bits
        code_of[self.value_of[codes - 1 :: -1]] = np.arange(codes - 1, -1, -1, dtype=np.uint8)
        return code_of

    def encode_streams(self, values: np.ndarray, places: StreamPositions) -> list[Part]:
        """Encode int8 values that all have a code; one `Part` per decoder stream."""
        positions = np.diff(places.bounds)
        longest = ((positions + 7) // 8) * self.skip_zeros + (positions * self.weight_bits + 7) // 8
        out = np.empty(longest.sum(), dtype=np.uint8)
        ends, counts = np.empty(positions.size, np.int64), np.empty(positions.size, np.int64)
        _pack(values.view(np.uint8), places.bounds, self.code_of, self.weight_bits, self.skip_zeros, out, ends, counts)
        begins = [0, *ends.tolist()]
        bits = (positions * self.skip_zeros + counts * self.weight_bits).tolist()
        return [Part(out[begins[k] : begins[k + 1]].data, own, bits[k]) for k, own in enumerate(counts.tolist())]

    def decode_streams(
        self, data: np.ndarray, spans: np.ndarray, places: StreamPositions
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values and loads; raises `CodecError` if the lengths disagree."""
        positions = np.diff(places.bounds)
        out, counts = np.empty(places.bounds[-1], dtype=np.uint8), np.empty(positions.size, dtype=np.int64)
        words, value_of = words_at(data), self.value_of
        if not _unpack(words, spans, places.bounds, value_of, self.weight_bits, self.skip_zeros, out, counts):
            raise CodecError("the bytes of a decoder stream do not hold its positions")
        return out.view(np.int8), np.stack([counts, positions * self.skip_zeros + counts * self.weight_bits], axis=1)


def two_complement(bits: int, step: int) -> np.ndarray:
    """``value_of`` for signed codes of ``bits`` bits in steps of ``step``, as uint8 ``(256,)``."""
    codes = np.arange(256) & ((1 << bits) - 1)
    signed = codes - ((codes >> (bits - 1)) << bits)
    return (signed * step).astype(np.int64).astype(np.uint8)


def palette_values(table: bytes) -> np.ndarray:
    """``value_of`` for a palette of at most 256 int8 entries, as uint8 ``(256,)``."""
    value_of = np.zeros(256, dtype=np.uint8)
    value_of[: len(table)] = np.frombuffer(table, dtype=np.uint8)
    return value_of


def bits_needed(entries: int) -> int:
    """The smallest index width whose palette holds ``entries`` values."""
    return max(1, (entries - 1).bit_length())


def palette_table(values: np.ndarray, weight_bits: int) -> bytes:
    """A palette of ``2^weight_bits`` int8 entries: ``values`` rising, the last repeated to the end (0 if none)."""
    fill = values[-1] if values.size else 0
    table = np.full(1 << weight_bits, fill, dtype=np.int8)
    table[: values.size] = values
    return table.tobytes()


def words_at(data: np.ndarray) -> np.ndarray:
    """uint64 ``(size - 7,)`` view of a contiguous uint8 array of at least 8: bytes k to k + 7, little-endian.

    For kernels that load bits from anywhere.
    """
    return as_strided(data[:8].view("<u8"), shape=(data.size - 7,), strides=(1,))
