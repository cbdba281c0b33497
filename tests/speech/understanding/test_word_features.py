"""Every word has rows within the table, and row 0 stays free."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from azsim.speech.understanding.word_features import FEATURES, NO_WORD, rows_of, word_rows


@given(st.text(min_size=1, max_size=12), st.integers(2, 5000))
def test_rows_lie_in_the_table_and_never_at_no_word(word, rows):
    assert all(NO_WORD < row < rows for row in word_rows(word, rows))


def test_words_of_one_ending_share_the_row_of_it():
    lights, nights = word_rows("lights", 4096), word_rows("nights", 4096)
    assert lights[2] == nights[2]
    assert lights[0] != nights[0]
    assert lights[3] == nights[3]


def test_steps_after_a_sentence_hold_no_word():
    rows = rows_of(["play", "jazz"], 512, after=3)
    assert rows.shape == (5, FEATURES)
    assert (rows[2:] == NO_WORD).all()
    assert np.array_equal(rows[0], word_rows("play", 512))
