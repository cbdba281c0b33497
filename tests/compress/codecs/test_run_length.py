"""`run-length`: its size, its run width, and that no bits hurt it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from azsim.compress.codecs import decode, encode, get
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.layout import TileLayout, cut
from azsim.errors import CodecError, InputError
from tests.compress.codecs.forge import forge, forgeries, refused_or_decoded, streams_of

ONE_STREAM = TileLayout(lanes=1, block_columns=1, tile_positions=1 << 20, decoder_streams=1)
SMALL = TileLayout(lanes=4, block_columns=6, tile_positions=200, decoder_streams=3)


def sparse(shape: tuple[int, int], density: float, seed: int, top: int = 8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.integers(1, top, shape) * (rng.random(shape) < density)).astype(np.int8)


def entries(values: list[int], run_bits: int) -> int:
    """Entries of a stream, counted position by position."""
    count = run = 0
    for value in values:
        run += 1
        if value or run == 2**run_bits:
            count, run = count + 1, 0
    return count + (run > 0)


@pytest.mark.parametrize("density", [0.0, 0.03, 0.3, 1.0])
def test_size_is_entries_times_their_width(density: float) -> None:
    matrix = sparse((97, 31), density, 1)
    encoded = encode(matrix, "run-length", 4, ONE_STREAM)
    run_bits = encoded.data[6]
    count = entries(matrix.T.ravel().tolist(), run_bits)
    assert encoded.decoder_load.tolist() == [[[matrix.size, count, count * (run_bits + 4)]]]
    assert encoded.tile_bytes.tolist() == [28 + 4 + -(-count * (run_bits + 4) // 8)]


@pytest.mark.parametrize("density", [0.0, 0.01, 0.1, 0.5, 0.95, 1.0])
def test_the_run_width_is_the_cheapest_row_by_row(density: float) -> None:
    matrix = sparse((60, 80), density, 2)
    row_by_row = matrix.ravel().tolist()
    cost = [entries(row_by_row, run_bits) * (run_bits + 4) for run_bits in range(9)]
    assert cost[encode(matrix, "run-length", 4).data[6]] == min(cost)


def test_without_zeros_it_is_the_palette() -> None:
    matrix = sparse((64, 64), 1.0, 3)
    ours, palette = encode(matrix, "run-length", 3), encode(matrix, "palette", 3)
    np.testing.assert_array_equal(ours.tile_bytes, palette.tile_bytes)


@settings(max_examples=60, deadline=None)
@given(
    matrix=hnp.arrays(
        np.int8, st.tuples(st.integers(1, 17), st.integers(1, 19)), elements=st.sampled_from([0, 0, 0, -128])
    ),
    run_bits=st.integers(0, 8),
)
def test_every_run_width_survives(matrix: np.ndarray, run_bits: int) -> None:
    places = StreamPositions(cut(*matrix.shape, SMALL), SMALL)
    coder = get("run-length").restore(1, run_bits, bytes([0, 128]))
    parts = coder.encode_streams(places.gather(matrix), places)
    data = b"".join(part.data for part in parts)
    ends = np.cumsum([len(part.data) for part in parts])
    spans = np.stack([ends - [len(part.data) for part in parts], ends], axis=1)
    values, load = coder.decode_streams(np.frombuffer(data + bytes(8), np.uint8), spans, places)
    np.testing.assert_array_equal(places.scatter(values, matrix.shape), matrix)
    assert load.tolist() == [[part.values, part.bits] for part in parts]


def test_too_many_values_are_refused() -> None:
    with pytest.raises(InputError, match=r"100 distinct values.*weight_bits=7"):
        encode(np.arange(-50, 50, dtype=np.int8).reshape(10, 10), "run-length", 5)


@pytest.mark.parametrize("run_bits", range(9))
def test_the_width_of_runs_can_be_chosen(run_bits: int) -> None:
    matrix = sparse((40, 50), 0.2, 3)
    encoded = encode(matrix, "run-length", 5, options={"run_bits": run_bits})
    assert encoded.data[6] == run_bits
    np.testing.assert_array_equal(decode(encoded.data), matrix)
    assert len(encoded.data) >= len(encode(matrix, "run-length", 5).data) - 3 * len(encoded.tile_bytes)


@pytest.mark.parametrize(("bits", "options", "table"), [(4, 9, bytes(16)), (4, 3, bytes(15)), (8, 3, bytes(256))])
def test_an_impossible_header_is_refused(bits: int, options: int, table: bytes) -> None:
    with pytest.raises(CodecError, match="run-length stream"):
        get("run-length").restore(bits, options, table)


def test_forged_streams_are_refused_or_decoded() -> None:
    encoded = encode(sparse((24, 40), 0.4, 5), "run-length", 4, SMALL)
    assert sum(refused_or_decoded(data, encoded.shape) for data in forgeries(encoded, 300, 6)) > 100


def test_a_run_past_the_end_and_a_padding_bit_are_refused() -> None:
    encoded = encode(sparse((5, 5), 0.3, 5), "run-length", 4, ONE_STREAM)
    assert decode(forge(encoded, streams_of(encoded))).shape == (5, 5)
    for stream in (b"\xff" * 20, streams_of(encoded)[0][0] + b"\0", b""):
        with pytest.raises(CodecError, match="do not hold the 25 positions"):
            decode(forge(encoded, [[stream]]))
