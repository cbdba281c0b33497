"""One matrix as a network: in pieces that the chip's vector registers serve, their products added up by one program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.chip.row_order import balanced_order
from azsim.chip.tiles import tile_layout
from azsim.compress.codecs import encode
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.nn.graph.operator import Granularity, Weights
from azsim.nn.program import MatrixUse, Program, ProgramStage, VectorWork

NAME = "matvec"


@dataclass(frozen=True)
class MatrixNetwork:
    """Products of one matrix with vectors, a bias and a requantisation, as a network that can be deployed.

    Attributes:
        pieces: name -> int8 part of the matrix, in the chip's order of rows.
        rows: name of a stage -> the pieces whose products it adds up.
    """

    pieces: Mapping[str, np.ndarray]
    rows: Mapping[str, tuple[str, ...]]
    name: str = NAME
    source: str = NAME
    looked_up: frozenset[str] = frozenset()

    @property
    def parameters(self) -> Mapping[str, np.ndarray]:
        """Piece -> float32."""
        return {name: piece.astype(np.float32) for name, piece in self.pieces.items()}

    @property
    def weight_matrices(self) -> tuple[str, ...]:
        """The pieces."""
        return tuple(self.pieces)

    @property
    def weights(self) -> int:
        """Positions of the matrix."""
        return sum(piece.size for piece in self.pieces.values())

    @property
    def quantised(self) -> Mapping[str, Weights]:
        """All pieces are integers."""
        return {name: Weights(piece, np.ones(1)) for name, piece in self.pieces.items()}

    def scale_groups(self, matrix: str, granularity: Granularity) -> int:
        """One scale, or one for each row: there are no gates."""
        return len(self.pieces[matrix]) if granularity == "channel" else 1

    def programs(self) -> Mapping[str, Program]:
        """One, of a stage for each group of rows."""
        stages = tuple(
            ProgramStage(
                stage,
                tuple(MatrixUse(name, "input", "ready") for name in names),
                (VectorWork("multiply-add", len(self.pieces[names[0]])),),
            )
            for stage, names in self.rows.items()
        )
        return {NAME: Program(NAME, stages, period_steps=1)}

    def rates(self) -> Mapping[str, float]:
        """Nobody says how often; one plan has nothing to weigh."""
        return {NAME: 1.0}


def compressed_matrix(
    chip: ChipSpec, weights: np.ndarray, codec: str, weight_bits: int
) -> tuple[CompressedNetwork, dict[str, slice]]:
    """The matrix as a network in bitstreams, and the columns that each of its matrices multiplies.

    There is one matrix, or pieces of at most ``vector_limit`` rows and columns that the chip's vector registers can
    serve; their rows stand in the chip's order.
    """
    layout = tile_layout(chip)
    limit = (chip.lanes.vector_limit if chip.lanes else 0) or max(weights.shape)
    if chip.lanes and chip.lanes.row_order == "balanced":
        weights = weights[balanced_order(weights, layout)]
    pieces: dict[str, np.ndarray] = {}
    columns: dict[str, slice] = {}
    rows: dict[str, tuple[str, ...]] = {}
    for row in range(0, weights.shape[0], limit):
        starts = range(0, weights.shape[1], limit)
        names = {f"{NAME}[{row}, {column}]": slice(column, column + limit) for column in starts}
        for name, taken in names.items():
            pieces[name] = np.ascontiguousarray(weights[row : row + limit, taken])
        rows[f"{NAME}[{row}]"] = tuple(names)
        columns |= names
    matrices = {
        name: CompressedMatrix(name, encode(piece, codec, weight_bits, layout=layout), (1.0,), rows_placed=True)
        for name, piece in pieces.items()
    }
    return CompressedNetwork(NAME, MatrixNetwork(pieces, rows), matrices), columns
