"""A coder of one stream at a time as a coder of a whole matrix."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress.circuit import SERIAL
from azsim.compress.codecs import get
from azsim.compress.codecs.bulk import StreamByStream, in_bulk
from azsim.compress.codecs.codec import Coder, MatrixCoder, Part
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.layout import TileLayout, cut
from azsim.errors import CodecError

LAYOUT = TileLayout(lanes=2, block_columns=3, tile_positions=20, decoder_streams=3)


class Mirror:
    """A coder that writes values from the last to the first."""

    weight_bits, options, table, circuit = 8, 0, b"", SERIAL

    def encode(self, values: np.ndarray) -> Part:
        return Part(values[::-1].tobytes(), values.size, 8 * values.size)

    def decode(self, data: memoryview, positions: int) -> np.ndarray:
        if len(data) != positions:
            raise CodecError(f"{len(data)} bytes for {positions} positions")
        return np.frombuffer(data, np.int8)[::-1]

    def load(self, data: memoryview, positions: int) -> tuple[int, int]:
        return positions, 8 * len(data)


def test_streams_are_coded_one_by_one_in_their_order() -> None:
    places = StreamPositions(cut(7, 9, LAYOUT), LAYOUT)
    values = np.random.default_rng(0).integers(-128, 128, 63).astype(np.int8)
    bulk = in_bulk(Mirror())
    assert isinstance(bulk, StreamByStream)
    assert bulk.circuit is SERIAL
    parts = bulk.encode_streams(values, places)
    bounds = places.bounds.tolist()
    assert len(parts) == len(bounds) - 1
    for part, start, stop in zip(parts, bounds, bounds[1:], strict=False):
        assert part.data == values[start:stop][::-1].tobytes()
    head = 5  # the streams stand anywhere in the bitstream
    data = np.frombuffer(bytes(head) + b"".join(part.data for part in parts) + bytes(8), np.uint8)
    spans = head + np.stack([places.bounds[:-1], places.bounds[1:]], axis=1)
    found, load = bulk.decode_streams(data, spans, places)
    np.testing.assert_array_equal(found, values)
    lengths = np.diff(places.bounds)
    np.testing.assert_array_equal(load, np.stack([lengths, 8 * lengths], axis=1))
    with pytest.raises(CodecError, match="bytes for"):
        bulk.decode_streams(data, spans + np.array([0, 1]), places)


@pytest.mark.parametrize("name", ["huffman", "run-length", "zvsv", "ans"])
def test_a_coder_of_whole_matrices_is_left_as_it_is(name: str) -> None:
    matrix = np.arange(-4, 4, dtype=np.int8).reshape(2, 4)
    coder: Coder | MatrixCoder = get(name).plan(matrix, 5, get(name).checked(None))
    assert isinstance(coder, MatrixCoder) == (in_bulk(coder) is coder)
    assert in_bulk(in_bulk(coder)) is in_bulk(coder)
