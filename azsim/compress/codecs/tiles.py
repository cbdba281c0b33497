"""A bitstream one tile at a time, as a device with little memory reads and writes it.

::

    header ──> TileReader ──> tile 0 | tile 1 | ...      values in stream order
    header ──> TileWriter <── values of tile 0, 1, ...   bytes
"""

from __future__ import annotations

import numpy as np

from azsim.compress.codecs.matrix import coder_of, padded, require_room, tile_shapes
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.codecs.stream import MatrixHeader, header_reference, pack_tile, read_matrix_header, read_tile
from azsim.compress.layout import cut
from azsim.errors import CodecError


class TileReader:
    """Reads the tiles of a bitstream in order.

    Attributes:
        header: the matrix header.
        tiles: how many there are.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._view = memoryview(data).toreadonly()
        self.header, self._reference = read_matrix_header(self._view)
        self._coder = coder_of(self.header)
        self._places = StreamPositions(cut(*self.header.shape, self.header.layout), self.header.layout)
        self._shapes = tile_shapes(self._places.tiling)
        require_room(int(self._places.tiling.positions[0]), self._shapes[0])
        self._next, self._offset = 0, self.header.size
        self.tiles = self.header.tiles

    def values(self) -> np.ndarray:
        """The int8 values of the next tile in stream order.

        Raises:
            CodecError: the tile is damaged, there is none left, or bytes follow the last one.
        """
        index = self._next
        if index >= self.tiles:
            raise CodecError(f"the bitstream has {self.tiles} tiles; there is none after the last")
        spans, end = read_tile(self._view, self._offset, self.header, self._reference, index, self._shapes[index])
        spans = np.array(spans, dtype=np.int64) - self._offset
        values, _ = self._coder.decode_streams(padded(self._view[self._offset : end]), spans, self._places.only(index))
        self._next, self._offset = index + 1, end
        if self._next == self.tiles and end != len(self._view):
            raise CodecError(f"the tiles end at byte {end} of {len(self._view)}")
        return values


class TileWriter:
    """Writes a bitstream tile by tile behind a header that is known beforehand, its length included."""

    def __init__(self, header: MatrixHeader) -> None:
        self.head = header.pack()
        self._header, self._reference = header, header_reference(self.head)
        self._coder = coder_of(header)
        self._places = StreamPositions(cut(*header.shape, header.layout), header.layout)
        self._shapes = tile_shapes(self._places.tiling)
        self._next = 0

    def tile(self, values: np.ndarray) -> bytes:
        """The bytes of the next tile, from its int8 values in stream order, which the header's table must know."""
        index, self._next = self._next, self._next + 1
        parts = self._coder.encode_streams(values, self._places.only(index))
        return pack_tile(self._header, self._reference, index, self._shapes[index], [part.data for part in parts])
