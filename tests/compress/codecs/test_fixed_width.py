"""Codes of a fixed number of bits: tables and their inverse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs.fixed_width import (
    FixedWidth,
    bits_needed,
    palette_table,
    palette_values,
    two_complement,
    words_at,
)


@pytest.mark.parametrize(("bits", "step"), [(1, 1), (1, 128), (3, 5), (5, 1), (8, 1)])
def test_twos_complement_in_steps(bits: int, step: int) -> None:
    half = 1 << (bits - 1)
    signed = two_complement(bits, step).view(np.int8)[: 2 * half]
    expected = [code * step for code in range(half)] + [(code - half) * step for code in range(half)]
    assert signed.tolist() == expected


@pytest.mark.parametrize(("entries", "bits"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (128, 7), (129, 8), (256, 8)])
def test_bits_of_a_palette(entries: int, bits: int) -> None:
    assert bits_needed(entries) == bits


def test_a_palette_without_values_is_zero() -> None:
    assert palette_table(np.array([], np.int64), 2) == bytes(4)
    assert palette_values(palette_table(np.array([-3, 7]), 2))[:5].tolist() == [253, 7, 7, 7, 0]


def test_a_value_takes_its_lowest_code() -> None:
    table = palette_table(np.array([-3, 0, 7]), 3)
    coder = FixedWidth(3, skip_zeros=False, value_of=palette_values(table), table=table)
    assert [int(coder.code_of[value & 255]) for value in (-3, 0, 7)] == [0, 1, 2]


@settings(max_examples=50, deadline=None)
@given(data=st.binary(min_size=8, max_size=40))
def test_each_word_is_its_eight_bytes_little_endian(data: bytes) -> None:
    words = words_at(np.frombuffer(data, np.uint8))
    assert words.tolist() == [int.from_bytes(data[k : k + 8], "little") for k in range(len(data) - 7)]


def test_it_is_a_view() -> None:
    data = np.zeros(20, np.uint8)
    words = words_at(data)
    data[9] = 1
    assert np.flatnonzero(words).tolist() == list(range(2, 10))
    assert np.shares_memory(words, data)
