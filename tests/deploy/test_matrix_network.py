"""A matrix as a network: its pieces put together are the matrix, whatever the chip's registers hold."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.row_order import balanced_order
from azsim.chip.tiles import tile_layout
from azsim.deploy.matrix_network import compressed_matrix
from azsim.devices.loader import load_device

CHIP = load_device("az1").chip


def chip_with(**lanes: object):
    return msgspec.structs.replace(CHIP, lanes=msgspec.structs.replace(CHIP.lanes, **lanes))


@pytest.mark.parametrize("limit", [0, 32, 64, 1000])
@pytest.mark.parametrize("order", ["plain", "balanced"])
def test_the_pieces_are_the_matrix(limit: int, order: str) -> None:
    chip = chip_with(vector_limit=limit, row_order=order)
    weights = np.random.default_rng(limit).integers(-7, 8, (100, 70)).astype(np.int8)
    small, columns = compressed_matrix(chip, weights, "zvsv", 4)
    (program,) = small.network.programs().values()
    rows = []
    for stage in program.stages:
        names = [use.matrix for use in stage.uses]
        assert [columns[name].start for name in names] == list(range(0, 70, limit or 100))
        rows.append(np.concatenate([small.decoded[name] for name in names], axis=1))
        assert sum(one.elements for one in stage.vector) == len(rows[-1])
    placed = weights[balanced_order(weights, tile_layout(chip))] if order == "balanced" else weights
    assert np.array_equal(np.concatenate(rows), placed)
    assert small.network.weights == weights.size
    assert all(max(piece.shape) <= (limit or 100) for piece in small.decoded.values())
    assert small.network.quantised.keys() == small.network.parameters.keys() == set(small.network.weight_matrices)
