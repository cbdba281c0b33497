"""The table of an `ans` stream: number of states, alphabet, levels, shares. ``docs/bitstreams.md`` specifies it."""

from __future__ import annotations

import struct

import numpy as np

from azsim.compress.codecs.ans_model import MAX_CLASSES, MAX_ENTRIES, AnsModel
from azsim.compress.codecs.ans_tables import LOG_STATES, Tables
from azsim.errors import CodecError

HEAD = struct.Struct("<BBbb")
COUNT = struct.Struct("<I")
ORDERS = 8


def pack(model: AnsModel) -> bytes:
    """The table's bytes."""
    shares = model.tables.shares
    present = np.roll(shares.any(axis=0), 128)
    values = np.flatnonzero(present) - 128
    low, high = int(values[0]), int(values[-1])
    widths = [int(own.max(initial=0)).bit_length() for own in (model.rows, model.columns)]
    head = HEAD.pack(model.tables.log_states, widths[0] | widths[1] << 4, low, high)
    counts = b"".join(COUNT.pack(own.size) for own, width in zip((model.rows, model.columns), widths) if width)
    fields = [present[low + 128 : high + 129]]
    for own, width in zip((model.rows, model.columns), widths):
        fields.append((own[:, None] >> np.arange(width) & 1).astype(bool).ravel())
    for own in shares[:, values & 255]:
        fields.append(_pack_shares(own, _implied(values)))
    return head + counts + np.packbits(np.concatenate(fields), bitorder="little").tobytes()


def unpack(table: bytes) -> AnsModel:
    """The model that `pack` wrote; raises `CodecError` if the bytes are impossible."""
    try:
        log_states, widths, low, high = HEAD.unpack_from(table)
        at, sizes = HEAD.size, [0, 0]
        for k, width in enumerate((widths & 15, widths >> 4)):
            if width:
                (sizes[k],) = COUNT.unpack_from(table, at)
                at += COUNT.size
    except struct.error as error:
        raise CodecError(f"an ans table of {len(table)} bytes is too short") from error
    if not LOG_STATES[0] <= log_states <= LOG_STATES[1] or max(widths & 15, widths >> 4) > 3 or low > high:
        raise CodecError(f"an ans table of 2^{log_states} states, level widths {widths:#04x}, values {low} to {high}")
    reader = _Reader(table[at:])
    values = low + np.flatnonzero(reader.bits(high - low + 1))
    levels = []
    for size, width in zip(sizes, (widths & 15, widths >> 4)):
        bits = reader.bits(size * width).reshape(size if width else 0, width)
        levels.append((bits << np.arange(width)).sum(axis=1).astype(np.uint8))
    classes = 1 + sum(int(own.max(initial=0)) for own in levels)
    if not values.size or classes > MAX_CLASSES or classes << log_states > MAX_ENTRIES:
        raise CodecError(f"an ans table of {values.size} values, {classes} classes and 2^{log_states} states")
    shares = np.zeros((classes, 256), dtype=np.int64)
    for own in shares:
        own[values & 255] = reader.shares(values.size, _implied(values), 1 << log_states)
    reader.finish()
    return AnsModel(levels[0], levels[1], Tables(log_states, shares))


def _implied(values: np.ndarray) -> int:
    """Index of the value whose share is what the others leave: 0 if it is there, else the last."""
    return int(np.searchsorted(values, 0)) if 0 in values else values.size - 1


def _order_of_shares(count: int, implied: int) -> list[tuple[int, int]]:
    """Index of each share that is written, and of the one that predicts it: its mirror image, else the one before."""
    pairs, before = [], -1
    for index in range(count):
        if index != implied:
            mirror = count - 1 - index
            pairs.append((index, mirror if mirror < index and mirror != implied else before))
            before = index
    return pairs


def _pack_shares(shares: np.ndarray, implied: int) -> np.ndarray:
    """Three bits for the order of the code, then the differences in it."""
    pairs = _order_of_shares(shares.size, implied)
    index, guess = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    error = shares[index] - np.where(guess < 0, 0, shares[guess])
    folded = np.where(error < 0, -2 * error - 1, 2 * error)
    lengths = [2 * np.frexp((folded >> order) + 1)[1] - 1 + order for order in range(ORDERS)]
    order = int(np.argmin([own.sum() for own in lengths]))
    bits = [order & 1, order >> 1 & 1, order >> 2]
    for number in folded.tolist():
        long = ((number >> order) + 1).bit_length() - 1
        rest = number - (((1 << long) - 1) << order)
        bits += [0] * long + [1] + [rest >> k & 1 for k in range(long + order)]
    return np.array(bits, dtype=bool)


class _Reader:
    """Reads a field of bits, least significant first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._size = 8 * len(data)
        self._at = 0

    def bits(self, count: int) -> np.ndarray:
        """The next ``count`` bits, one an element."""
        if self._at + count > self._size:
            raise CodecError("an ans table is cut short")
        first, self._at = self._at, self._at + count
        whole = np.frombuffer(self._data[first >> 3 : (self._at + 7) >> 3], dtype=np.uint8)
        return np.unpackbits(whole, bitorder="little")[first & 7 :][:count].astype(np.int64)

    def shares(self, count: int, implied: int, states: int) -> np.ndarray:
        """What `_pack_shares` wrote, the implied share included."""
        shares = [0] * count + [0]
        order = self._take(3)
        for index, guess in _order_of_shares(count, implied):
            long = 0
            while not self._take(1):
                long += 1
                if long > LOG_STATES[1] + 1:
                    raise CodecError("an ans table has a share that is too large")
            folded = (((1 << long) - 1) << order) + self._take(long + order)
            shares[index] = shares[guess] + (-(folded + 1 >> 1) if folded & 1 else folded >> 1)
        shares[implied] = states - sum(shares)
        if min(shares) < 0:
            raise CodecError(f"an ans table has shares that do not add up to {states}")
        return np.array(shares[:count])

    def finish(self) -> None:
        """Raise `CodecError` unless only the padding is left, and it is 0."""
        left = self._size - self._at
        if left > 7 or self._take(left):
            raise CodecError("an ans table has more bytes than it needs")

    def _take(self, count: int) -> int:
        if self._at + count > self._size:
            raise CodecError("an ans table is cut short")
        first = self._at >> 3
        word = int.from_bytes(self._data[first : first + 4], "little") >> (self._at & 7)
        self._at += count
        return word & ((1 << count) - 1)
