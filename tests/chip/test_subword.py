"""Who may use half a multiplier, and what it is worth."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.build import tile_layout
from azsim.chip.lane_cache import lane_cost_of
from azsim.chip.subword import lanes_for
from azsim.compress.codecs import encode
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.deploy.matvec import matvec
from azsim.devices.loader import load_device

AZ1 = load_device("az1").chip
SUBWORD = msgspec.structs.replace(AZ1, lanes=msgspec.structs.replace(AZ1.lanes, subword=True))
RNG = np.random.default_rng(3)
WEIGHTS = RNG.integers(-8, 8, (64, 256)).astype(np.int8)
ONE = RNG.integers(-128, 128, 256).astype(np.int8)


@pytest.mark.parametrize(
    ("codec", "bits", "factor"), [("packed", 4, 2), ("packed", 5, 1), ("raw", 8, 1), ("palette", 4, 1), ("zvsv", 4, 1)]
)
def test_only_uniform_values_of_at_most_four_bits_qualify(codec: str, bits: int, factor: int) -> None:
    lanes = lanes_for(encode(WEIGHTS, codec, bits), SUBWORD.lanes)
    assert lanes.multipliers_per_lane == factor * AZ1.lanes.multipliers_per_lane
    assert lanes.window_positions == factor * AZ1.lanes.window_positions
    assert lanes_for(encode(WEIGHTS, codec, bits), AZ1.lanes) == AZ1.lanes


def test_dense_weights_take_half_the_lane_cycles_and_give_the_same_product() -> None:
    dense = msgspec.structs.replace(SUBWORD, lanes=msgspec.structs.replace(SUBWORD.lanes, skip="none"))
    half = matvec(dense, WEIGHTS, ONE, codec="packed", weight_bits=4, residency="decoded")
    whole = matvec(dense, WEIGHTS, ONE, codec="zvsv", weight_bits=4, residency="decoded")
    assert 2 * half.causes["lanes"] == whole.causes["lanes"] == WEIGHTS.size // 64
    assert np.array_equal(half.output, whole.output)
    assert half.effectual_products == whole.effectual_products


def test_a_value_beyond_four_bits_rules_it_out() -> None:
    weights = WEIGHTS.copy()
    weights[0, 0] = 9
    assert lanes_for(encode(weights, "packed", 5), SUBWORD.lanes) == SUBWORD.lanes


def test_networks_use_it_too(make_network) -> None:
    matrix = CompressedMatrix("w", encode(WEIGHTS, "packed", 4, tile_layout(AZ1)), (1.0,))
    small = CompressedNetwork("made up", make_network(3), {"w": matrix})
    half, whole = (lane_cost_of(small, "w", chip.lanes).cycles.sum() for chip in (SUBWORD, AZ1))
    assert 0.5 < half / whole < 0.6
