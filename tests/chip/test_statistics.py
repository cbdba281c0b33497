"""Statistics of matrices: exact counts, and spreads that chance alone does not have."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.build import tile_layout
from azsim.chip.statistics import MatrixStatistics, measure
from azsim.compress.codecs import encode
from azsim.compress.layout import TileLayout
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.devices.loader import load_device
from azsim.nn.rnnt.network import Network

LAYOUT = TileLayout()


def measured(
    weights: np.ndarray, activations: np.ndarray | None = None, layout: TileLayout = LAYOUT, balanced: bool = False
) -> MatrixStatistics:
    network = Network("made up", {"m": weights.astype(np.float32)}, (), 3, -1, 1, 4.0, {}, "", "")
    matrix = CompressedMatrix("m", encode(weights, "zvsv", 5, layout), (1.0,))
    inputs = None if activations is None else {"m": activations}
    return measure(CompressedNetwork("made up", network, {"m": matrix}), inputs, balanced).matrices["m"]


def test_densities_are_those_of_the_tiles() -> None:
    rng = np.random.default_rng(1)
    weights = rng.integers(-1, 2, (150, 300)).astype(np.int8)
    known = measured(weights)
    tiling = known.encoded.tiling
    for tile, (row, rows, column, columns) in enumerate(
        zip(tiling.row, tiling.rows, tiling.column, tiling.columns, strict=True)
    ):
        part = weights[row : row + rows, column : column + columns]
        assert known.density[tile] == pytest.approx(np.count_nonzero(part) / part.size)
    tiles = np.concatenate([group.tiles for group in known.classes])
    assert sorted(tiles.tolist()) == list(range(len(tiling)))


def test_chance_alone_spreads_nothing() -> None:
    rng = np.random.default_rng(2)
    known = measured((rng.random((1024, 256)) < 0.5).astype(np.int8))
    assert known.lane_spread < 0.01
    assert known.run_spread < 0.02
    assert np.allclose(known.classes[0].profile, 1, atol=0.03)


def test_unlike_lanes_are_seen() -> None:
    rng = np.random.default_rng(3)
    share = np.where(np.arange(1024) % 2, 0.3, 0.5)
    known = measured((rng.random((1024, 256)) < share[:, None]).astype(np.int8))
    assert known.lane_spread == pytest.approx(0.1, abs=0.01)
    assert measured((rng.random((1024, 256)) < share[:, None]).astype(np.int8), balanced=True).lane_spread < 0.02


def test_unlike_blocks_and_runs_are_told_apart() -> None:
    rng = np.random.default_rng(4)
    by_block = np.repeat(np.where(np.arange(16) % 2, 0.3, 0.5), 16)
    known = measured((rng.random((1024, 256)) < by_block).astype(np.int8))
    assert np.allclose(known.classes[0].profile, by_block[::16] / 0.4, atol=0.04)
    assert known.run_spread < 0.03
    chequered = 0.4 + 0.2 * np.sign(rng.random((1024, 16)) - 0.5)
    known = measured((rng.random((1024, 256)) < np.repeat(chequered, 16, axis=1)).astype(np.int8))
    assert known.run_spread == pytest.approx(0.2 / np.sqrt(2), abs=0.01)  # two rows of a lane, one level each


def test_live_columns_and_the_weights_that_they_meet() -> None:
    rng = np.random.default_rng(5)
    weights = (rng.random((64, 96)) < np.linspace(0.1, 0.9, 96)).astype(np.int8)
    activations = (rng.random((7, 96)) < np.linspace(1, 0, 96)).astype(np.int8)
    live = measured(weights, activations).liveness
    assert live.columns.sum(axis=0).tolist() == np.count_nonzero(activations, axis=1).tolist()
    products = (weights != 0).sum(axis=0) @ activations.sum(axis=0)
    assert live.density[0] * 64 * live.columns[0].sum() == pytest.approx(products)
    for count in (1, 6, 40):
        assert live.levels(count).mean() == pytest.approx(activations.mean())


def test_the_layout_is_the_chip_s() -> None:
    chip = load_device("eie").chip
    rng = np.random.default_rng(6)
    known = measured((rng.random((200, 50)) < 0.1).astype(np.int8), layout=tile_layout(chip))
    assert known.classes[0].profile.shape == (50,)
