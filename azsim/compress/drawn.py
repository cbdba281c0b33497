"""Networks that are timed without being trained: int8 weights drawn from the values of trained ones, then encoded.

::

    trained matrix ──> how often each int8 value occurs ──> draw ──> matrix of any shape ──> bitstream, codec kept

What a drawn matrix lacks is structure: rows and columns that differ from each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.compress.codecs import encode
from azsim.compress.layout import TileLayout
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.nn.compressible import Compressible

_LEVELS = 1 << 16


def quantile_table(values: np.ndarray) -> np.ndarray:
    """int8 table of 65,536 entries whose uniform draw has the distribution of ``values``."""
    counts = np.bincount(values.ravel().view(np.uint8), minlength=256)
    present = np.flatnonzero(counts)
    edges = np.round(np.cumsum(counts[present]) * (_LEVELS / values.size)).astype(np.int64)
    widths = np.diff(edges, prepend=0)
    return np.repeat(present.astype(np.uint8).view(np.int8), widths)


@dataclass(frozen=True)
class DrawnNetwork(CompressedNetwork):
    """A network whose int8 weights were drawn: its bitstreams are lossless, so nothing need be decoded.

    Attributes:
        drawn: name -> int8 matrix.
    """

    drawn: Mapping[str, np.ndarray]

    @property
    def decoded(self) -> Mapping[str, np.ndarray]:
        """Name -> int8 matrix, what decoding the bitstreams would give."""
        return self.drawn


def draw_network(
    trained: CompressedNetwork,
    network: Compressible,
    matrix_shapes: Mapping[str, tuple[int, int]],
    sources: Mapping[str, str],
    layout: TileLayout,
    seed: int,
) -> DrawnNetwork:
    """Matrices of any shape with the values, bits and codec of trained ones.

    Args:
        trained: the compressed network whose values are drawn from.
        network: what the result calls its network.
        matrix_shapes: name -> (rows, columns).
        sources: name -> the trained matrix that it is drawn from.
        layout: of the chip.
        seed: of the draw.
    """
    random = np.random.Generator(np.random.SFC64(seed))
    matrices, drawn = {}, {}
    for name, shape in matrix_shapes.items():
        source = trained.matrices[sources[name]]
        table = quantile_table(trained.decoded[source.name])
        drawn[name] = table.take(random.integers(0, _LEVELS, size=shape, dtype=np.uint16))
        encoded = encode(drawn[name], codec=source.encoded.codec, weight_bits=source.encoded.weight_bits, layout=layout)
        matrices[name] = CompressedMatrix(name, encoded, _scales(source, shape[0]))
    return DrawnNetwork(name=trained.name, network=network, matrices=matrices, drawn=drawn)


def _scales(source: CompressedMatrix, rows: int) -> tuple[float, ...]:
    """As many scales as the source has for each matrix or gate; of one for each row, one for each row here."""
    groups = len(source.scales)
    return tuple(np.resize(source.scales, rows if groups == source.encoded.shape[0] else groups).tolist())
