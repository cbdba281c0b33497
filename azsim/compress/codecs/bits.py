"""Codes of any width to bytes and back: what the codecs without a fixed field per position have in common.

::

    code 0 (5 bits)  code 1 (3 bits)     code 2 (7 bits) ...     byte 0 = 111 00000, byte 1 = .. 2222222
    bits fill bytes from the least significant end; the last byte is filled up with zero bits

Readers take 64 bits at any place from a copy that ends in 16 zero bytes, so that none reads past it.
"""

from __future__ import annotations

import numpy as np

from azsim.compiled import njit
from azsim.compress.codecs.codec import distinct
from azsim.compress.codecs.fixed_width import bits_needed
from azsim.errors import CodecError, InputError

SOUND = -1
"""What a kernel returns in place of the first decoder stream that is damaged."""


@njit(cache=True, nogil=True)
def _pack(codes, widths, out):
    word = np.uint64(0)
    held = np.int64(0)
    at = 0
    for k in range(codes.size):
        code = np.uint64(codes[k])
        word |= code << np.uint64(held)
        held += np.int64(widths[k])
        while held >= 8:
            out[at] = np.uint8(word & np.uint64(255))
            at += 1
            word >>= np.uint64(8)
            held -= 8
    if held:
        out[at] = np.uint8(word & np.uint64(255))


def pack(codes: np.ndarray, widths: np.ndarray) -> tuple[bytes, int]:
    """Write codes (uint64, each below ``2^width``) of ``widths`` bits (uint8, at most 56); gives bytes and bits."""
    bits = int(widths.sum(dtype=np.int64))
    out = np.empty((bits + 7) // 8, dtype=np.uint8)
    _pack(codes, widths, out)
    return out.tobytes(), bits


def words(data: np.ndarray) -> np.ndarray:
    """uint8 ``data`` as uint64 words for `peek`, followed by at least 16 zero bytes."""
    padded = np.zeros(data.size // 8 + 3, dtype=np.uint64)
    padded.view(np.uint8)[: data.size] = data
    return padded


@njit(cache=True, nogil=True)
def peek(source, bit):
    """64 bits from `words`, from bit number ``bit`` on; ``bit`` is at most 64 past the last bit of the data."""
    place = bit >> 6
    shift = np.uint64(bit & 63)
    return (source[place] >> shift) | ((source[place + 1] << (np.uint64(63) - shift)) << np.uint64(1))


@njit(cache=True, nogil=True)
def ends(source, bit, end):
    """Whether what was read up to ``bit`` fills the bytes before ``end``, with zero bits up to a whole byte."""
    spare = 8 * end - bit
    return 0 <= spare < 8 and peek(source, bit) & np.uint64((1 << spare) - 1) == 0


def refuse(stream: int, spans: np.ndarray, bounds: np.ndarray) -> None:
    """Raise `CodecError` for decoder stream ``stream`` unless it is `SOUND`."""
    if stream != SOUND:
        size, positions = spans[stream, 1] - spans[stream, 0], bounds[stream + 1] - bounds[stream]
        raise CodecError(f"{size} bytes do not hold the {positions} positions of a decoder stream")


def nonzero_values(matrix: np.ndarray, weight_bits: int, codec: str) -> np.ndarray:
    """The non-zero values of a matrix; raises `InputError` if there are more than ``2^weight_bits``."""
    present = distinct(matrix)
    present = present[present != 0]
    if present.size > 1 << weight_bits:
        raise InputError(
            f"the matrix has {present.size} distinct non-zero values but codec {codec!r} of {weight_bits} bits holds "
            f"{1 << weight_bits}; quantise it to a palette first or use weight_bits={bits_needed(present.size)}"
        )
    return present
