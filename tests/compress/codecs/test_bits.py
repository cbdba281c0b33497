"""Codes of any width to bytes and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs.bits import SOUND, ends, nonzero_values, pack, peek, refuse, words
from azsim.errors import CodecError, InputError

FIELDS = st.lists(st.integers(0, 56).flatmap(lambda width: st.tuples(st.integers(0, (1 << width) - 1), st.just(width))))


@settings(max_examples=80, deadline=None)
@given(FIELDS)
def test_what_is_packed_is_one_number_from_the_lowest_bit_up(fields: list[tuple[int, int]]) -> None:
    codes, widths = ([field[k] for field in fields] for k in (0, 1))
    data, bits = pack(np.array(codes, np.uint64), np.array(widths, np.uint8))
    expected = sum(code << sum(widths[:k]) for k, code in enumerate(codes))
    assert bits == sum(widths)
    assert data == expected.to_bytes(-(-bits // 8), "little")


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 384))
def test_peek_sees_64_bits_anywhere_and_zeros_past_the_end(data: bytes, bit: int) -> None:
    source = words(np.frombuffer(data, np.uint8))
    bit = min(bit, 8 * len(data) + 64)
    assert int(peek(source, bit)) == (int.from_bytes(data, "little") >> bit) & ((1 << 64) - 1)


@pytest.mark.parametrize(
    ("bit", "end", "whole"), [(0, 0, True), (9, 2, True), (16, 2, True), (8, 2, False), (17, 2, False), (7, 1, False)]
)
def test_a_stream_ends_in_less_than_a_byte_of_zeros(bit: int, end: int, whole: bool) -> None:
    assert bool(ends(words(np.array([0x80, 0x01], np.uint8)), bit, end)) is whole


def test_the_damaged_stream_is_named_by_its_size() -> None:
    spans, bounds = np.array([[10, 14], [14, 19]]), np.array([0, 7, 12])
    refuse(SOUND, spans, bounds)
    with pytest.raises(CodecError, match="5 bytes do not hold the 5 positions"):
        refuse(1, spans, bounds)


def test_zero_does_not_count_among_the_values() -> None:
    matrix = np.array([[0, 3, -1]], np.int8)
    assert nonzero_values(matrix, 1, "any").tolist() == [-1, 3]
    with pytest.raises(InputError, match=r"3 distinct non-zero values but codec 'any' of 1 bits.*weight_bits=2"):
        nonzero_values(np.array([[1, 2, 3]], np.int8), 1, "any")
