"""`csc`: its entries are the positions that the lanes take, its size, and that no bits hurt it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.chip.lanes import lane_cost
from azsim.compress.codecs import decode, encode, get
from azsim.compress.layout import TileLayout
from azsim.devices.chip_spec import LanesSpec
from azsim.errors import CodecError, InputError
from tests.compress.codecs.forge import forge, forgeries, refused_or_decoded, streams_of
from tests.compress.codecs.plain_decoder import plain_decode


def csc_lanes(lanes: int, block_columns: int) -> LanesSpec:
    return LanesSpec(
        lanes=lanes,
        multipliers_per_lane=1,
        window_positions=1,
        block_columns=block_columns,
        queue_blocks=8,
        broadcast_cycles=1,
        min_block_cycles=1,
        skip="none",
        skip_zero_columns=False,
        store="csc",
    )


def sparse(shape: tuple[int, int], density: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.integers(1, 16, shape) * (rng.random(shape) < density)).astype(np.int8)


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 150), st.integers(1, 30)),
    density=st.sampled_from([0.0, 0.02, 0.1, 0.5, 1.0]),
    lanes=st.integers(1, 6),
    block=st.integers(1, 9),
    positions=st.integers(1, 3000),
    streams=st.integers(1, 5),
    seed=st.integers(0, 1 << 20),
)
def test_entries_are_the_positions_that_the_lanes_take(
    shape: tuple[int, int], density: float, lanes: int, block: int, positions: int, streams: int, seed: int
) -> None:
    matrix = sparse(shape, density, seed)
    encoded = encode(matrix, "csc", 4, TileLayout(lanes, block, positions, streams))
    cost = lane_cost(matrix, encoded.tiling, csc_lanes(lanes, block))
    np.testing.assert_array_equal(encoded.decoder_load[:, :, 1].sum(axis=1), cost.positions[0])
    np.testing.assert_array_equal(decode(encoded.data), matrix)


@pytest.mark.parametrize(("gap", "stored"), [(0, 1), (15, 1), (16, 2), (31, 2), (32, 3), (100, 7)])
def test_padding_stands_at_every_sixteenth_zero(gap: int, stored: int) -> None:
    column = np.zeros((gap + 41, 1), np.int8)
    column[gap] = 7
    for streams in (1, 3, 7):
        encoded = encode(column, "csc", 1, TileLayout(1, 1, 1 << 20, streams))
        assert encoded.decoder_load[:, :, 1].sum() == stored
        np.testing.assert_array_equal(decode(encoded.data), column)
        assert plain_decode(encoded.data) == column.tolist()


def test_size_is_entries_and_counts() -> None:
    matrix = sparse((512, 24), 0.1, 3)
    encoded = encode(matrix, "csc", 4, TileLayout(lanes=8, block_columns=4, tile_positions=1 << 20, decoder_streams=1))
    (_, entries, bits) = encoded.decoder_load[0, 0].tolist()
    runs, count_bits = 8 * 24, 7  # runs of 64 rows: 0 to 64 entries
    assert bits == runs * count_bits + entries * (4 + 4)
    assert encoded.tile_bytes.tolist() == [28 + 4 + -(-runs * count_bits // 8) + entries]


def test_too_many_values_are_refused() -> None:
    with pytest.raises(InputError, match=r"17 distinct values.*weight_bits=5"):
        encode(np.arange(17, dtype=np.int8).reshape(1, 17), "csc", 4)


@pytest.mark.parametrize(("bits", "options", "table"), [(4, 1, bytes(16)), (4, 0, bytes(15)), (8, 0, bytes(256))])
def test_an_impossible_header_is_refused(bits: int, options: int, table: bytes) -> None:
    with pytest.raises(CodecError, match="csc stream"):
        get("csc").restore(bits, options, table)


def test_forged_streams_are_refused_or_decoded() -> None:
    layout = TileLayout(lanes=4, block_columns=6, tile_positions=400, decoder_streams=3)
    encoded = encode(sparse((40, 40), 0.2, 5), "csc", 4, layout)
    assert sum(refused_or_decoded(data, encoded.shape) for data in forgeries(encoded, 300, 6)) > 100


def test_counts_that_lie_are_refused() -> None:
    encoded = encode(sparse((40, 3), 0.2, 5), "csc", 4, TileLayout(2, 2, 1 << 20, 1))
    (stream,) = streams_of(encoded)[0]
    for wrong in (b"\xff" + stream[1:], b"\0" + stream[1:], stream[:3], b"", stream + b"\0"):
        with pytest.raises(CodecError, match="do not hold the 120 positions"):
            decode(forge(encoded, [[wrong]]))
