"""`huffman`: optimal lengths, the table, and that no bits and no table hurt it."""

from __future__ import annotations

import heapq
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs import decode, encode, get
from azsim.compress.codecs.huffman import canonical_codes, code_lengths
from azsim.compress.layout import TileLayout
from azsim.errors import CodecError, InputError
from tests.compress.codecs.forge import forge, forgeries, refused_or_decoded, streams_of

SMALL = TileLayout(lanes=4, block_columns=6, tile_positions=200, decoder_streams=3)
ONE_STREAM = TileLayout(lanes=1, block_columns=1, tile_positions=1 << 20, decoder_streams=1)


def gaussian(shape: tuple[int, int], seed: int, width: float = 4.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, width, shape).round().clip(-128, 127).astype(np.int8)


def huffman_bits(counts: list[int]) -> int:
    """Bits of an optimal code of any length: the sum of all inner nodes of Huffman's tree."""
    heap, total = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        total += both
        heapq.heappush(heap, both)
    return total


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 5000), min_size=2, max_size=256))
def test_lengths_are_optimal_where_the_limit_does_not_bind(counts: list[int]) -> None:
    lengths = code_lengths(np.array(counts), 40)
    assert (lengths * counts).sum() == huffman_bits(counts)
    assert np.sum(2.0 ** -code_lengths(np.array(counts))) == 1


@pytest.mark.parametrize("counts", [[1, 1, 2, 3, 5], [1, 1, 1, 9, 90], [100, 1, 1, 1, 1], [1, 2, 4, 8, 16, 32]])
@pytest.mark.parametrize("limit", [3, 4])
def test_limited_lengths_are_the_best_of_all(counts: list[int], limit: int) -> None:
    every = product(range(1, limit + 1), repeat=len(counts))
    best = min(np.dot(lengths, counts) for lengths in every if sum(2.0**-length for length in lengths) <= 1)
    lengths = code_lengths(np.array(counts), limit)
    assert lengths.max() <= limit
    assert np.dot(lengths, counts) == best


def test_codes_are_canonical_and_none_begins_another() -> None:
    lengths = code_lengths(np.array([5, 9, 12, 13, 16, 45]))
    codes = [f"{code:0{length}b}"[::-1] for code, length in zip(canonical_codes(lengths), lengths)]
    assert codes == ["1110", "1111", "100", "101", "110", "0"]


@pytest.mark.parametrize("width", [0.3, 1.0, 4.0, 30.0])
def test_size_is_the_code_within_one_bit_of_entropy(width: float) -> None:
    matrix = gaussian((200, 150), 1, width)
    encoded = encode(matrix, "huffman", 8, ONE_STREAM)
    counts = np.unique(matrix, return_counts=True)[1]
    bits = int(encoded.decoder_load[0, 0, 2])
    entropy = -(counts * np.log2(counts / matrix.size)).sum()
    assert entropy <= bits < entropy + matrix.size
    if counts.min() > matrix.size >> 11:
        assert bits == huffman_bits(counts.tolist())
    assert encoded.tile_bytes.tolist() == [28 + 4 + -(-bits // 8)]
    assert encoded.table_bytes == 44 + 2 + -(-(int(matrix.max()) - int(matrix.min()) + 1) // 2)


def test_one_value_takes_no_bits() -> None:
    encoded = encode(np.full((33, 9), -128, np.int8), "huffman", 8, ONE_STREAM)
    assert encoded.decoder_load.tolist() == [[[297, 297, 0]]]
    assert streams_of(encoded) == [[b""]]
    np.testing.assert_array_equal(decode(encoded.data), np.full((33, 9), -128))


def test_more_values_than_bits_allow_are_refused() -> None:
    matrix = np.arange(-16, 17, dtype=np.int8).reshape(3, 11)
    assert decode(encode(matrix, "huffman", 5)).tolist() == matrix.tolist()
    with pytest.raises(InputError, match=r"32 distinct non-zero values.*weight_bits=5"):
        encode(matrix, "huffman", 4)


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"\0",
        b"\0\1",
        b"\0\1\x10",
        b"\0\1\x22",
        b"\0\1\xff",
        b"\1\0\x11",
        b"\0\0\x11",
        b"\0\2\x11\x11",
        b"\0\1\x11\0",
    ],
)
def test_a_table_that_is_no_code_is_refused(table: bytes) -> None:
    with pytest.raises(CodecError, match="huffman table"):
        get("huffman").restore(5, 0, table)
    encoded = encode(np.array([[0, 1]], np.int8), "huffman", 5)
    with pytest.raises(CodecError, match="huffman table"):
        decode(forge(encoded, streams_of(encoded), table=table))


def test_forged_streams_are_refused_or_decoded() -> None:
    encoded = encode(gaussian((24, 40), 5), "huffman", 8, SMALL)
    assert sum(refused_or_decoded(data, encoded.shape) for data in forgeries(encoded, 300, 6)) > 100
    long = encode(gaussian((60, 70), 5), "huffman", 8, ONE_STREAM)
    assert sum(refused_or_decoded(data, long.shape) for data in forgeries(long, 100, 7)) > 50
