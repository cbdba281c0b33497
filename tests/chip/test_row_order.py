"""Balanced rows: a permutation, the same product, never a slower tile than its heaviest row demands."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.build import tile_layout
from azsim.chip.lane_cache import lane_cost_of
from azsim.chip.lanes import lane_cost
from azsim.chip.row_order import ADDRESS_BYTES, balanced_order
from azsim.chip.tiles import tile_schedule
from azsim.compress.codecs import encode
from azsim.compress.layout import TileLayout, cut
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.deploy.matvec import matvec
from azsim.devices.loader import load_device

AZ1 = load_device("az1").chip
BALANCED = msgspec.structs.replace(AZ1, lanes=msgspec.structs.replace(AZ1.lanes, row_order="balanced"))


def uneven(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """Rows of very different densities."""
    rng = np.random.default_rng(seed)
    return (rng.random((rows, columns)) < rng.random(rows)[:, None]).astype(np.int8)


@pytest.mark.parametrize("shape", [(1, 5), (31, 40), (32, 512), (100, 70), (257, 33)])
def test_it_is_a_permutation(shape: tuple[int, int]) -> None:
    order = balanced_order(uneven(*shape), TileLayout())
    assert sorted(order.tolist()) == list(range(shape[0]))


def test_two_lanes_share_a_tile_evenly() -> None:
    weights = np.array([[1] * 6, [1] * 5 + [0], [1] * 2 + [0] * 4, [1] + [0] * 5], np.int8)
    order = balanced_order(weights, TileLayout(lanes=2, block_columns=6))
    loads = np.count_nonzero(weights[order], axis=1)
    assert loads[0::2].sum() == loads[1::2].sum() == 7


@pytest.mark.parametrize("seed", range(5))
def test_uneven_rows_are_multiplied_faster(seed: int) -> None:
    weights = uneven(256, 512, seed)
    tiling = cut(*weights.shape, TileLayout())
    plain = lane_cost(weights, tiling, AZ1.lanes)
    balanced = lane_cost(weights[balanced_order(weights, TileLayout())], tiling, AZ1.lanes)
    assert balanced.products.sum() == plain.products.sum()
    assert balanced.cycles.sum() < 0.9 * plain.cycles.sum()
    assert balanced.split[..., 2].sum() < plain.split[..., 2].sum()


def test_the_product_is_in_the_old_order_and_addresses_travel() -> None:
    weights = uneven(100, 60)
    vector = np.arange(-30, 30, dtype=np.int8)
    plain, balanced = matvec(AZ1, weights, vector), matvec(BALANCED, weights, vector)
    assert np.array_equal(plain.output, balanced.output)
    assert balanced.stream_bytes == plain.stream_bytes + ADDRESS_BYTES * 100
    assert balanced.dram_bytes == balanced.stream_bytes
    assert matvec(BALANCED, weights, vector, residency="decoded").dram_bytes == 0


def test_networks_use_it_and_pay_for_the_addresses(make_network) -> None:
    encoded = encode(uneven(256, 512), "zvsv", 4, tile_layout(AZ1))
    small = CompressedNetwork("made up", make_network(3), {"w": CompressedMatrix("w", encoded, (1.0,))})
    vectors = np.ones((2, 512), np.int8)
    for skip, given in (("weights", None), ("both", vectors)):
        lanes = msgspec.structs.replace(BALANCED.lanes, skip=skip)
        plain = lane_cost_of(small, "w", msgspec.structs.replace(lanes, row_order="plain"), given)
        assert lane_cost_of(small, "w", lanes, given).cycles.sum() < 0.9 * plain.cycles.sum()
    fetched = [tile_schedule("w", encoded, plain, 0, "streamed", chip).fetch_bytes.sum() for chip in (AZ1, BALANCED)]
    assert fetched[1] - fetched[0] == 256 * ADDRESS_BYTES
