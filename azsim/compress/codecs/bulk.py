"""Coders that know one decoder stream at a time, as coders of whole matrices."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from azsim.compress.circuit import Circuit
from azsim.compress.codecs.codec import Coder, MatrixCoder, Part
from azsim.compress.codecs.places import StreamPositions


@dataclass(frozen=True)
class StreamByStream:
    """A `Coder` as a `MatrixCoder`."""

    coder: Coder
    compact: bool = False

    @property
    def circuit(self) -> Circuit:
        """The coder's."""
        return self.coder.circuit

    def encode_streams(self, values: np.ndarray, places: StreamPositions) -> list[Part]:
        """One `Part` per decoder stream."""
        bounds = places.bounds.tolist()
        return [self.coder.encode(values[start:stop]) for start, stop in pairwise(bounds)]

    def decode_streams(
        self, data: np.ndarray, spans: np.ndarray, places: StreamPositions
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values and loads; raises `CodecError` as the coder does."""
        bounds, view = places.bounds.tolist(), data.data
        values, load = np.empty(bounds[-1], np.int8), np.empty((len(spans), 2), np.int64)
        for stream, (first, end) in enumerate(spans.tolist()):
            start, stop = bounds[stream : stream + 2]
            values[start:stop] = self.coder.decode(view[first:end], stop - start)
            load[stream] = self.coder.load(view[first:end], stop - start)
        return values, load


def in_bulk(coder: Coder | MatrixCoder) -> MatrixCoder:
    """Any coder as a coder of whole matrices."""
    return coder if isinstance(coder, MatrixCoder) else StreamByStream(coder)
