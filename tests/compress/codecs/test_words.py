"""Overlapping words."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compress.codecs.words import words_at


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
