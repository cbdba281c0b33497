"""`csc`: the stored entries of each lane's part of a column, each with the number of zeros before it (EIE).

::

    one run: the rows of a lane in a column        0 0 7 0 5 | 0 0 0 0 | 3 0 0 0 0
    its entries: zeros before (4 bits), value           2,7  1,5          0,3
    entries per run                                     2        0        1

After 15 zeros in a row an entry with the value zero is stored as padding where another entry follows in the run. Runs
start anew in each lane and column, so the entries are exactly the positions that ``store = "csc"`` of the lanes takes.

**Hardware:** the one codec whose stream the lanes can consume as it is (no zeros refilled: the position comes from an
accumulator of 4-bit steps), and whose zero columns can be skipped before they are read. EIE spends two 16-bit pointers
per lane and column on that, read from a pointer SRAM of its own; here the pointers are counts of the bits that a run
can need, from which the decoder sums pointers up as it fills the buffer. Entries are the ``values`` of the decoder
load, one per cycle in EIE. Short runs (few rows per lane in a tile) make the counts dear: give such a chip taller
tiles. The table is the palette, which is EIE's codebook.
**Source:** Han et al., "EIE", ISCA 2016, sections III-B and IV (4-bit index, 4-bit value, padding zeros; 16 entries).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from azsim.compiled import njit
from azsim.compress.circuit import SERIAL
from azsim.compress.codecs.bits import SOUND, ends, pack, peek, refuse, words
from azsim.compress.codecs.codec import Codec, Options, Part
from azsim.compress.codecs.fixed_width import FixedWidth, palette_values, two_complement
from azsim.compress.codecs.palette import palette_of
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.codecs.registry import register
from azsim.errors import CodecError

INDEX_BITS = 4
LONGEST = (1 << INDEX_BITS) - 1


@njit(cache=True, nogil=True)
def _stored(values, runs, places):
    """Write the positions of a tile's entries, padding included, to ``places``; returns their number."""
    count = 0
    for run in range(runs.size - 1):
        free = runs[run]
        for place in range(runs[run], runs[run + 1]):
            if values[place] != 0:
                while place - free > LONGEST:
                    free += LONGEST + 1
                    places[count] = free - 1
                    count += 1
                places[count] = place
                count += 1
                free = place + 1
    return count


@njit(cache=True, nogil=True)
def _expand(source, spans, bounds, runs, count_bits, value_of, value_bits, out, load):
    """Read the streams of one tile into ``out`` (uint8, all zero); returns the first damaged stream or `SOUND`.

    ``bounds`` and ``runs`` count from the tile's first position.
    """
    count_mask = np.uint64((1 << count_bits) - 1)
    value_mask = np.uint64((1 << value_bits) - 1)
    width = INDEX_BITS + value_bits
    run = 0
    for stream in range(spans.shape[0]):
        start = bounds[stream]
        stop = bounds[stream + 1]
        last = 8 * spans[stream, 1]
        while start < stop and runs[run + 1] <= start:
            run += 1
        own = 0
        while start < stop and runs[run + own] < stop:
            own += 1
        counter = 8 * spans[stream, 0]
        size = own * count_bits
        if counter + size > last or not ends(source, counter + size, spans[stream, 0] + ((size + 7) >> 3)):
            return stream
        bit = 8 * (spans[stream, 0] + ((size + 7) >> 3))
        entries = 0
        for k in range(run, run + own):
            count = np.int64(peek(source, counter) & count_mask)
            counter += count_bits
            place = max(runs[k], start)
            end = min(runs[k + 1], stop)
            for _ in range(count):
                code = peek(source, bit)
                place += np.int64(code & np.uint64(LONGEST))
                bit += width
                if place >= end or bit > last:
                    return stream
                out[place] = value_of[(code >> np.uint64(INDEX_BITS)) & value_mask]
                place += 1
            entries += count
        if not ends(source, bit, spans[stream, 1]):
            return stream
        load[stream, 0] = entries
        load[stream, 1] = size + entries * width
    return SOUND


@dataclass(frozen=True)
class CscCoder:
    """A `MatrixCoder` of relative-index columns.

    Attributes:
        weight_bits: bits of an entry's value.
        table: the palette; empty with eight bits, which stand for themselves.
        options: 0.
        compact: tiles have full headers.
    """

    weight_bits: int
    table: bytes
    options: int = 0
    compact: bool = False

    circuit = SERIAL

    @cached_property
    def _values(self) -> FixedWidth:
        value_of = palette_values(self.table) if self.table else two_complement(8, 1)
        return FixedWidth(self.weight_bits, skip_zeros=False, value_of=value_of, table=self.table)

    def encode_streams(self, values: np.ndarray, places: StreamPositions) -> list[Part]:
        """Encode int8 values that all have a code."""
        room = np.empty(values.size, dtype=np.int64)
        parts = []
        for tile, first, bounds in _tiles(places):
            runs, count_bits = places.runs(tile), _count_bits(places, tile)
            own = values[first : first + int(runs[-1])]
            stored = room[: _stored(own, runs, room)]
            cuts = np.searchsorted(stored, bounds).tolist()
            for (start, stop), (low, high) in zip(pairwise(bounds.tolist()), pairwise(cuts), strict=True):
                parts.append(self._part(own, stored[low:high], _runs_between(runs, start, stop), start, count_bits))
        return parts

    def decode_streams(
        self, data: np.ndarray, spans: np.ndarray, places: StreamPositions
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values, and entries and bits of each stream; raises `CodecError` if one does not hold its positions."""
        streams = places.layout.decoder_streams
        for tile, first in enumerate(range(0, len(spans), streams)):
            if 8 * np.diff(spans[first : first + streams]).sum() < _run_count(places, tile) * _count_bits(places, tile):
                refuse(first, spans, places.bounds)  # before memory is taken for runs that cannot all be there
        out = np.zeros(int(places.bounds[-1]), dtype=np.uint8)
        load = np.empty(spans.shape, dtype=np.int64)
        source = words(data)
        code = (self._values.value_of, self.weight_bits)
        for tile, first, bounds in _tiles(places):
            own, runs = slice(tile * streams, (tile + 1) * streams), places.runs(tile)
            frame = (spans[own], bounds, runs, _count_bits(places, tile))
            refuse(_expand(source, *frame, *code, out[first : first + int(runs[-1])], load[own]), spans[own], bounds)
        return out.view(np.int8), load

    def _part(self, values: np.ndarray, stored: np.ndarray, runs: np.ndarray, start: int, count_bits: int) -> Part:
        """The entries at ``stored`` as one stream that begins at position ``start`` of its tile."""
        run_of = np.searchsorted(runs, stored, side="right") - 1
        free = np.maximum(np.maximum(runs[run_of], start), np.concatenate([[0], stored[:-1] + 1])[: stored.size])
        codes = stored - free | self._values.code_of[values[stored].view(np.uint8)].astype(np.int64) << INDEX_BITS
        counts = np.bincount(run_of, minlength=runs.size - 1)
        head, head_bits = pack(counts.astype(np.uint64), np.full(counts.size, count_bits, dtype=np.uint8))
        width = INDEX_BITS + self.weight_bits
        body, body_bits = pack(codes.astype(np.uint64), np.full(codes.size, width, dtype=np.uint8))
        return Part(data=head + body, values=stored.size, bits=head_bits + body_bits)


@register
class Csc(Codec):
    """Relative-index columns: ``4 + b`` bits per entry and a count per run."""

    name = "csc"
    number = 7
    grid = "palette"
    circuit = SERIAL

    def plan(self, matrix: np.ndarray, weight_bits: int, options: Options) -> CscCoder:
        """Collect the palette, with zero if it occurs (padding); raises `InputError` if the values do not fit it."""
        return CscCoder(weight_bits, b"" if weight_bits == 8 else palette_of(matrix, weight_bits))

    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> CscCoder:
        """Set up from a header."""
        if option_byte or len(table) != (0 if weight_bits == 8 else 1 << weight_bits):
            raise CodecError(f"a csc stream of {weight_bits} bits cannot have options or a palette of {len(table)}")
        return CscCoder(weight_bits, table)


def _tiles(places: StreamPositions) -> Iterator[tuple[int, int, np.ndarray]]:
    """Each tile's number, its first position, and its `StreamPositions.bounds` counted from there."""
    streams = places.layout.decoder_streams
    for tile in range(len(places.tiling)):
        bounds = places.bounds[tile * streams : (tile + 1) * streams + 1]
        yield tile, int(bounds[0]), bounds - bounds[0]


def _run_count(places: StreamPositions, tile: int) -> int:
    """Runs of a tile."""
    return min(places.layout.lanes, int(places.tiling.rows[tile])) * int(places.tiling.columns[tile])


def _count_bits(places: StreamPositions, tile: int) -> int:
    """Bits that hold the number of entries of a tile's longest run."""
    return (-(-int(places.tiling.rows[tile]) // places.layout.lanes)).bit_length()


def _runs_between(runs: np.ndarray, start: int, stop: int) -> np.ndarray:
    """First positions of the runs that have a position in ``start .. stop - 1``, and where the last one ends."""
    if start == stop:
        return runs[:1]
    first = np.searchsorted(runs, start, side="right") - 1
    return runs[first : np.searchsorted(runs, stop) + 1]
