"""The compact form in which a lattice goes up: words once, times in steps, scores on a grid, a check sum.

`docs/bitstreams.md` specifies it byte by byte.

::

    "AZL1"  utterance  words  nodes  edges...  finals...  CRC-32

Whole numbers are base-128 (7 bits a byte, the lowest first, the high bit says that more follow); signed ones are folded
(0, -1, 1, -2 ... become 0, 1, 2, 3 ...). Scores are rounded to `SCORE_STEP`, times to `TIME_STEP_MS`.
"""

from __future__ import annotations

import zlib

import numpy as np

from azsim.errors import InputError
from azsim.speech.lattice.lattice import MOST_EDGES, Lattice, Row

MAGIC = b"AZL1"
SCORE_STEP = 1 / 32
"""Of a log-probability; half of it is lost at most, less than 2 % of a probability. **Source:** assumed."""
TIME_STEP_MS = 30
"""Steps of the recogniser, in which its words begin and end."""
MOST_BYTES = 65536
"""A larger message is refused on either side."""


def encode_lattice(lattice: Lattice) -> bytes:
    """The message's bytes.

    Raises:
        InputError: it would have more than `MOST_BYTES`: prune the lattice.
    """
    words = sorted(set(lattice.words))
    place = {word: index for index, word in enumerate(words)}
    out = bytearray(MAGIC)
    _put_text(out, lattice.utterance)
    _put(out, len(words))
    for word in words:
        _put_text(out, word)
    _put(out, lattice.nodes)
    _put(out, lattice.edges)
    total, label = _grid(lattice.scores()), _grid(lattice.label)
    start = np.rint(lattice.start_ms / TIME_STEP_MS).astype(np.int64)
    end = np.rint(lattice.end_ms / TIME_STEP_MS).astype(np.int64)
    source = time = 0
    for edge, word in enumerate(lattice.words):
        _put(out, int(lattice.sources[edge]) - source)
        source = int(lattice.sources[edge])
        _put(out, int(lattice.targets[edge]) - source)
        _put(out, place[word])
        _put_signed(out, int(start[edge]) - time)
        time = int(start[edge])
        _put_signed(out, int(end[edge]) - time)
        _put(out, -int(total[edge]))
        _put_signed(out, -int(label[edge]))
    finals = np.flatnonzero(np.isfinite(lattice.final_label)).tolist()
    _put(out, len(finals))
    node = 0
    for final in finals:
        _put(out, final - node)
        node = final
        _put(out, -int(_grid(lattice.finals()[final])))
        _put_signed(out, -int(_grid(lattice.final_label[final])))
    out += zlib.crc32(out).to_bytes(4, "little")
    if len(out) > MOST_BYTES:
        raise InputError(f"lattice {lattice.utterance}: {len(out)} bytes: at most {MOST_BYTES} go up; prune it")
    return bytes(out)


def decode_lattice(data: bytes) -> Lattice:
    """The lattice of a message, its scores and times on their grids.

    Raises:
        InputError: too long, cut short, a wrong check sum, or no lattice.
    """
    if len(data) > MOST_BYTES:
        raise InputError(f"lattice message: {len(data)} bytes: at most {MOST_BYTES}")
    if data[:4] != MAGIC or len(data) < 8:
        raise InputError("lattice message: must begin with AZL1")
    if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise InputError("lattice message: the check sum is wrong")
    reader = _Reader(data[4:-4])
    utterance = reader.text()
    words = [reader.text() for _ in range(reader.count("words"))]
    nodes, edges = reader.count("nodes"), reader.count("edges")
    rows: list[Row] = []
    source = time = 0
    for _ in range(edges):
        source += reader.number()
        target = source + reader.number()
        word = reader.number()
        if word >= len(words) or target >= nodes:
            raise InputError(f"lattice message: an edge names word {word} of {len(words)}, node {target} of {nodes}")
        time += reader.signed()
        end = time + reader.signed()
        acoustic, label = reader.scores()
        if not 0 <= time <= end < 1 << 26:
            raise InputError(f"lattice message: a word from step {time} to {end}")
        rows.append((source, target, words[word], time * TIME_STEP_MS, end * TIME_STEP_MS, acoustic, label))
    finals, node = {}, 0
    for _ in range(reader.count("ends")):
        node += reader.number()
        finals[node] = reader.scores()
    if reader.left:
        raise InputError(f"lattice message: {reader.left} bytes after its end")
    return Lattice.of_edges(utterance, rows, finals)


def _grid(scores: np.ndarray | float) -> np.ndarray:
    """Whole steps; log-probabilities that rounding left above 0 are 0."""
    return np.rint(np.asarray(scores) / SCORE_STEP).astype(np.int64)


def _put(out: bytearray, value: int) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _put_signed(out: bytearray, value: int) -> None:
    _put(out, 2 * value if value >= 0 else -2 * value - 1)


def _put_text(out: bytearray, text: str) -> None:
    data = text.encode()
    _put(out, len(data))
    out += data


class _Reader:
    """Reads numbers and texts one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self._at

    def number(self) -> int:
        value = shift = 0
        while True:
            if self._at >= len(self._data) or shift > 28:
                raise InputError("lattice message: cut short, or a number too large")
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def signed(self) -> int:
        value = self.number()
        return -(value + 1) // 2 if value & 1 else value // 2

    def scores(self) -> tuple[float, float]:
        """Acoustic and label log-probability; their sum and the second of them are in the message."""
        total, label = -self.number(), -self.signed()
        return (total - label) * SCORE_STEP, label * SCORE_STEP

    def count(self, what: str) -> int:
        """A number of things, each of which takes at least a byte."""
        value = self.number()
        if value > min(self.left + 1, MOST_EDGES):
            raise InputError(f"lattice message: {value} {what} in {self.left} bytes")
        return value

    def text(self) -> str:
        size = self.count("letters")
        data = self._data[self._at : self._at + size]
        self._at += size
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise InputError("lattice message: a text is not UTF-8") from None
