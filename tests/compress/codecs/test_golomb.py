"""`golomb`: exact costs, the best parameters, and that no bits hurt it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs import decode, encode, get
from azsim.compress.layout import TileLayout
from azsim.errors import CodecError, InputError
from tests.compress.codecs.forge import forge, forgeries, refused_or_decoded, streams_of

SMALL = TileLayout(lanes=4, block_columns=6, tile_positions=200, decoder_streams=3)
ONE_STREAM = TileLayout(lanes=1, block_columns=1, tile_positions=1 << 20, decoder_streams=1)


def sparse(shape: tuple[int, int], density: float, seed: int, width: float = 5.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, width, shape).round().clip(-128, 127)
    return (values * (rng.random(shape) < density)).astype(np.int8)


def rice_bits(number: int, k: int, escape_bits: int) -> int:
    return 15 + escape_bits if number >> k >= 15 else (number >> k) + 1 + k


def best_bits(matrix: np.ndarray) -> int:
    """The fewest bits of one stream over all parameters, by trying them all."""
    values = matrix.T.ravel().tolist()
    present, counts = np.unique(matrix.view(np.uint8), return_counts=True)
    ranked = [int(value) for _, value in sorted(zip(-counts, present))]
    runs, at = [], 0
    for value in values:
        if value:
            runs.append(at)
            at = 0
        else:
            at += 1
    runs += [at] if at else []
    every = []
    for with_runs in (False, True):
        alphabet = [value for value in ranked if value or not with_runs]
        ranks = [alphabet.index(value & 255) for value in values if value or not with_runs]
        plain = max(0, len(alphabet) - 1).bit_length()
        fewest = min([len(ranks) * plain] + [sum(rice_bits(rank, k, 8) for rank in ranks) for k in range(8)])
        if with_runs:
            fewest += min(sum(rice_bits(run, k, 31) for run in runs) for k in range(15))
        every.append(fewest)
    return 8 + min(every)


@pytest.mark.parametrize("density", [0.0, 0.02, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("width", [1.0, 8.0, 100.0])
def test_the_parameters_are_the_best_of_all(density: float, width: float) -> None:
    matrix = sparse((31, 23), density, 3, width)
    encoded = encode(matrix, "golomb", 8, ONE_STREAM)
    bits = int(encoded.decoder_load[0, 0, 2])
    assert bits == best_bits(matrix)
    assert encoded.tile_bytes.tolist() == [28 + 4 + -(-bits // 8)]
    assert encoded.table_bytes == 44 + np.unique(matrix).size


def test_a_flat_palette_costs_its_plain_bits() -> None:
    matrix = np.random.default_rng(1).permutation(np.repeat(np.arange(32, 64, dtype=np.int8), 64)).reshape(32, 64)
    assert encode(matrix, "golomb", 5, ONE_STREAM).decoder_load[0, 0].tolist() == [2048, 2048, 8 + 2048 * 5]


def test_an_empty_run_of_everything_takes_a_few_bytes() -> None:
    encoded = encode(np.zeros((1000, 100), np.int8), "golomb", 8, ONE_STREAM)
    assert encoded.decoder_load[0, 0].tolist() == [100_000, 100_000, 8]  # one value, told apart by no bits
    matrix = np.zeros((1000, 100), np.int8)
    matrix[-1, -1] = 1
    assert encode(matrix, "golomb", 8, ONE_STREAM).decoder_load[0, 0, 1] == 2


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 20), repeats=st.integers(1, 40))
def test_long_ones_survive(seed: int, repeats: int) -> None:
    """Rare values far down the ranking carry escapes; neighbours make more than 64 ones in a row."""
    matrix = np.zeros((64, 64), np.int8)
    rng = np.random.default_rng(seed)
    matrix.ravel()[:2000] = rng.choice([1, -1], 2000)
    matrix.ravel()[2000 : 2000 + 255] = np.delete(np.arange(-128, 128), 128)
    matrix.ravel()[3000 : 3000 + repeats] = 127
    for layout in (ONE_STREAM, SMALL):
        np.testing.assert_array_equal(decode(encode(matrix, "golomb", 8, layout).data), matrix)


def test_more_values_than_bits_allow_are_refused() -> None:
    with pytest.raises(InputError, match=r"32 distinct non-zero values.*weight_bits=5"):
        encode(np.arange(-16, 17, dtype=np.int8).reshape(3, 11), "golomb", 4)


@pytest.mark.parametrize(("options", "table"), [(1, b"\1\2"), (0, b""), (0, b"\1\1"), (0, bytes(257))])
def test_an_impossible_header_is_refused(options: int, table: bytes) -> None:
    with pytest.raises(CodecError, match="golomb stream"):
        get("golomb").restore(5, options, table)


def test_forged_streams_are_refused_or_decoded() -> None:
    encoded = encode(sparse((24, 40), 0.5, 5), "golomb", 8, SMALL)
    assert sum(refused_or_decoded(data, encoded.shape) for data in forgeries(encoded, 300, 6)) > 100


def test_runs_and_ranks_past_the_end_are_refused() -> None:
    encoded = encode(sparse((5, 5), 0.5, 5), "golomb", 8, ONE_STREAM)
    (stream,) = streams_of(encoded)[0]
    for wrong in (b"", b"\xff" * 30, b"\0" + b"\xff" * 30, b"\xe0" + b"\xff" * 30, b"\0", stream + b"\0", stream[:-1]):
        with pytest.raises(CodecError, match="do not hold the 25 positions"):
            decode(forge(encoded, [[wrong]]))
