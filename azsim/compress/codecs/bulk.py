"""Coders that know one decoder stream or one tile at a time, as coders of whole matrices."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from azsim.compress.codecs.codec import Coder, MatrixCoder, Part, TileCoder
from azsim.compress.codecs.places import Places


@dataclass(frozen=True)
class StreamByStream:
    """A `Coder` as a `MatrixCoder`."""

    coder: Coder
    compact: bool = False

    def encode_streams(self, values: np.ndarray, places: Places) -> list[Part]:
        """One `Part` per decoder stream."""
        bounds = places.bounds.tolist()
        return [self.coder.encode(values[start:stop]) for start, stop in pairwise(bounds)]

    def decode_streams(self, data: np.ndarray, spans: np.ndarray, places: Places) -> tuple[np.ndarray, np.ndarray]:
        """Values and loads; raises `CodecError` as the coder does."""
        bounds, view = places.bounds.tolist(), data.data
        values, load = np.empty(bounds[-1], np.int8), np.empty((len(spans), 2), np.int64)
        for stream, (first, end) in enumerate(spans.tolist()):
            start, stop = bounds[stream : stream + 2]
            values[start:stop] = self.coder.decode(view[first:end], stop - start)
            load[stream] = self.coder.load(view[first:end], stop - start)
        return values, load


@dataclass(frozen=True)
class TileByTile:
    """A `TileCoder` as a `MatrixCoder`."""

    coder: TileCoder
    compact: bool = False

    def encode_streams(self, values: np.ndarray, places: Places) -> list[Part]:
        """One `Part` per decoder stream."""
        parts, at = [], 0
        for tile, positions in enumerate(places.tiling.positions.tolist()):
            own = values[at : at + positions]
            parts += self.coder.encode_tile(own, places.stream_bounds(tile), places.runs(tile))
            at += positions
        return parts

    def decode_streams(self, data: np.ndarray, spans: np.ndarray, places: Places) -> tuple[np.ndarray, np.ndarray]:
        """Values and loads; raises `CodecError` as the coder does."""
        view, count = data.data, places.layout.decoder_streams
        values, load = [], []
        for tile in range(len(places.tiling)):
            streams = [view[first:end] for first, end in spans[tile * count : (tile + 1) * count].tolist()]
            bounds, runs = places.stream_bounds(tile), places.runs(tile)
            values.append(self.coder.decode_tile(streams, bounds, runs))
            load += self.coder.load_tile(streams, bounds, runs)
        return np.concatenate(values), np.array(load, dtype=np.int64)


def in_bulk(coder: Coder | TileCoder | MatrixCoder) -> MatrixCoder:
    """Any coder as a coder of whole matrices."""
    if isinstance(coder, MatrixCoder):
        return coder
    return TileByTile(coder) if isinstance(coder, TileCoder) else StreamByStream(coder)
