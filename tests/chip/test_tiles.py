"""One matrix's tiles: what is fetched, decoded and computed in each residency."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.lanes import LaneCost, lane_cost
from azsim.chip.tiles import tile_schedule
from azsim.compress.codecs import encode
from azsim.compress.encoded import Encoded
from azsim.compress.layout import TileLayout
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.loader import load_device

AZ1 = load_device("az1").chip
ROWS, COLUMNS = 200, 90
MODES = ("streamed", "compressed", "decoded")


@pytest.fixture(scope="module")
def weights() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.integers(-15, 16, (ROWS, COLUMNS)) * (rng.random((ROWS, COLUMNS)) < 0.5)).astype(np.int8)


@pytest.fixture(scope="module")
def encoded(weights: np.ndarray) -> Encoded:
    return encode(weights, "zvsv", 5, TileLayout(tile_positions=4096))


@pytest.fixture(scope="module")
def cost(weights: np.ndarray, encoded: Encoded) -> LaneCost:
    return lane_cost(weights, encoded.tiling, AZ1.lanes)


def balanced() -> ChipSpec:
    return msgspec.structs.replace(AZ1, lanes=msgspec.structs.replace(AZ1.lanes, row_order="balanced"))


def test_streamed_all_bytes_come_and_all_positions_are_decoded(encoded: Encoded, cost: LaneCost) -> None:
    found = tile_schedule("w", encoded, cost, 0, "streamed", AZ1)
    assert len(found) == len(encoded.tiling) > 3
    assert found.fetch_bytes.sum() == len(encoded.data)
    assert found.fetch_bytes[0] - encoded.tile_bytes[0] == encoded.table_bytes
    assert found.decoded_values.sum() == ROWS * COLUMNS
    assert found.decoded_bits.sum() <= 8 * len(encoded.data)
    assert np.array_equal(found.lane_split.sum(axis=1), found.lane_cycles)


def test_taken_up_again_anywhere_the_tables_come_once_more(encoded: Encoded, cost: LaneCost) -> None:
    for chip in (AZ1, balanced()):
        whole = tile_schedule("w", encoded, cost, 0, "streamed", chip)
        for tile in range(len(whole)):
            rest = tile_schedule("w", encoded, cost, 0, "streamed", chip, tile, len(whole) - tile)
            assert rest.fetch_bytes.sum() == whole.fetch_bytes[tile:].sum() + whole.resume_bytes[tile]
            assert np.array_equal(rest.lane_cycles, whole.lane_cycles[tile:])
            assert np.array_equal(rest.decode_cycles[1:], whole.decode_cycles[tile + 1 :])


def test_balanced_rows_bring_two_bytes_of_address_each(encoded: Encoded, cost: LaneCost) -> None:
    plain, dealt = (tile_schedule("w", encoded, cost, 0, "streamed", chip) for chip in (AZ1, balanced()))
    assert (dealt.fetch_bytes - plain.fetch_bytes).tolist() == [2 * ROWS] + [0] * (len(plain) - 1)


def test_residency_saves_its_stages_and_never_the_multipliers(encoded: Encoded, cost: LaneCost) -> None:
    by_mode = {mode: tile_schedule("w", encoded, cost, 0, mode, AZ1) for mode in MODES}
    for mode, found in by_mode.items():
        assert found.fetch_bytes.any() == found.resume_bytes.any() == (mode == "streamed")
        for name in ("decode_cycles", "decoded_bits", "decoded_values"):
            assert getattr(found, name).any() == (mode != "decoded"), (mode, name)
        for name in ("lane_cycles", "positions", "products"):
            assert np.array_equal(getattr(found, name), getattr(by_mode["streamed"], name)), (mode, name)
        for name in ("vector_cycles", "output_bytes", "vector_ops"):
            assert not getattr(found, name).any()
        assert (found.depends_on == -1).all()


def test_each_frame_has_its_own_row_of_the_cost(weights: np.ndarray, encoded: Encoded) -> None:
    lanes = msgspec.structs.replace(AZ1.lanes, skip="both")
    vectors = np.where(np.random.default_rng(1).random((3, COLUMNS)) < 0.4, 5, 0).astype(np.int8)
    cost = lane_cost(weights, encoded.tiling, lanes, vectors)
    for frame, vector in enumerate(vectors):
        found = tile_schedule("w", encoded, cost, frame, "decoded", AZ1)
        assert found.products.sum() == np.count_nonzero(weights * (vector != 0))
