"""Codes of a fixed number of bits, with or without a bitmap of the zeros: what the simple codecs have in common.

::

    bitmap (1 bit per position, if zeros are skipped) | pad to a byte | codes of b bits | pad to a byte

Bits fill bytes from the least significant end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from azsim.compress.codecs.codec import Part
from azsim.errors import CodecError

DAMAGED = -1


@njit(cache=True, nogil=True)
def _pack(values, code_of, bits, skip_zeros, out):
    """Write bitmap and codes of ``values`` (uint8) to ``out``; returns the number of codes."""
    n = values.size
    codes = np.empty(n + 8, dtype=np.uint8)
    count = 0
    at = 0
    if skip_zeros:
        for start in range(0, n, 8):
            byte = 0
            for k in range(min(8, n - start)):
                value = values[start + k]
                present = np.int64(value != 0)
                codes[count] = code_of[value]
                count += present
                byte |= present << k
            out[at] = byte
            at += 1
    else:
        for k in range(n):
            codes[k] = code_of[values[k]]
        count = n
    for k in range(count, n + 8):
        codes[k] = 0
    left = (count * bits + 7) // 8
    for start in range(0, count, 8):
        word = np.uint64(0)
        for k in range(8):
            word |= np.uint64(codes[start + k]) << np.uint64(k * bits)
        for k in range(min(bits, left)):
            out[at + k] = np.uint8((word >> np.uint64(8 * k)) & np.uint64(255))
        at += bits
        left -= bits
    return count


@njit(cache=True, nogil=True)
def _unpack(data, value_of, bits, skip_zeros, out):
    """Read ``out.size`` values (uint8) from ``data``; returns the number of codes or `DAMAGED`."""
    n = out.size
    head = 0
    count = n
    if skip_zeros:
        head = (n + 7) // 8
        if data.size < head:
            return DAMAGED
        if n % 8 and data[head - 1] >> (n % 8):
            return DAMAGED
        count = 0
        for k in range(head):
            byte = np.int64(data[k])
            byte = (byte & 0x55) + ((byte >> 1) & 0x55)
            byte = (byte & 0x33) + ((byte >> 2) & 0x33)
            count += (byte & 0x0F) + (byte >> 4)
    if data.size != head + (count * bits + 7) // 8:
        return DAMAGED
    if (count * bits) % 8 and data[data.size - 1] >> ((count * bits) % 8):
        return DAMAGED
    values = np.empty(count + 1, dtype=np.uint8) if skip_zeros else out
    width, held, word = np.uint64(bits), np.uint64(0), np.uint64(0)
    mask = (np.uint64(1) << width) - np.uint64(1)
    for k in range(count):
        if held < width:
            word |= np.uint64(data[head]) << held
            held += np.uint64(8)
            head += 1
        values[k] = value_of[word & mask]
        word >>= width
        held -= width
    if not skip_zeros:
        return count
    values[count] = 0
    used = 0
    for k in range(n):
        present = (data[k >> 3] >> np.uint8(k & 7)) & np.uint8(1)
        out[k] = values[used] * present
        used += np.int64(present)
    return count


@dataclass(frozen=True)
class FixedWidth:
    """A `Coder` that gives every value, or every non-zero value, a code of ``bits`` bits.

    Attributes:
        weight_bits: bits per code.
        skip_zeros: whether zeros go through a bitmap.
        value_of: uint8 ``(256,)``, the two's complement value of each code.
        table: what the matrix header carries.
        options: the option byte.
    """

    weight_bits: int
    skip_zeros: bool
    value_of: np.ndarray
    table: bytes = b""
    options: int = 0

    @cached_property
    def code_of(self) -> np.ndarray:
        """uint8 ``(256,)``: the lowest code of each value; 0 for values that have none."""
        code_of = np.zeros(256, dtype=np.uint8)
        codes = 1 << self.weight_bits
        code_of[self.value_of[codes - 1 :: -1]] = np.arange(codes - 1, -1, -1, dtype=np.uint8)
        return code_of

    def encode(self, values: np.ndarray) -> Part:
        """Encode int8 values that all have a code."""
        bitmap_bits = values.size if self.skip_zeros else 0
        out = np.empty((bitmap_bits + 7) // 8 + values.size * self.weight_bits // 8 + 1, dtype=np.uint8)
        count = _pack(values.view(np.uint8), self.code_of, self.weight_bits, self.skip_zeros, out)
        code_bits = count * self.weight_bits
        size = (bitmap_bits + 7) // 8 + (code_bits + 7) // 8
        return Part(data=out[:size].tobytes(), values=count, bits=bitmap_bits + code_bits)

    def decode(self, data: memoryview, positions: int) -> np.ndarray:
        """Decode to int8 ``(positions,)``; raises `CodecError` if the lengths disagree."""
        return self._read(data, positions)[0].view(np.int8)

    def load(self, data: memoryview, positions: int) -> tuple[int, int]:
        """Values and bits in one decoder stream."""
        count = self._read(data, positions)[1]
        return count, count * self.weight_bits + (positions if self.skip_zeros else 0)

    def _read(self, data: memoryview, positions: int) -> tuple[np.ndarray, int]:
        out = np.empty(positions, dtype=np.uint8)
        count = _unpack(np.frombuffer(data, dtype=np.uint8), self.value_of, self.weight_bits, self.skip_zeros, out)
        if count == DAMAGED:
            raise CodecError(f"{len(data)} bytes do not hold the {positions} positions of a decoder stream")
        return out, count


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
