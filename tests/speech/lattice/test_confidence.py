"""Confidences of words: sums of edges that say the same at the same time, and their calibration."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.speech.lattice.confidence import calibrated, word_posteriors
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.transcript import Word


def test_the_same_word_after_other_words_is_the_same_word():
    half, third = math.log(0.5), math.log(0.3)
    rows = [
        (0, 1, "turn", 100, 200, 0.0, half), (0, 2, "burn", 100, 210, 0.0, half),
        (1, 3, "on", 300, 300, 0.0, third), (1, 4, "off", 300, 360, 0.0, math.log(0.7)),
        (2, 5, "on", 330, 330, 0.0, 0.0), (5, 6, "on", 900, 900, 0.0, 0.0),
    ]  # fmt: skip
    lattice = Lattice.of_edges("u", rows, {3: (0.0, 0.0), 4: (0.0, 0.0), 6: (0.0, 0.0)})
    said = (Word("turn", 100, 200, 1.0), Word("on", 300, 300, 1.0), Word("on", 900, 900, 1.0), Word("lamp", 0, 9, 1.0))
    assert word_posteriors(lattice, said) == pytest.approx((0.5, 0.65, 0.5, 0.0))


@given(st.floats(0, 1), st.floats(0.5, 10))
def test_a_temperature_keeps_the_order_and_the_middle(posterior, temperature):
    found = calibrated(posterior, temperature)
    assert 0 < found < 1
    assert calibrated(0.5, temperature) == pytest.approx(0.5)
    assert calibrated(posterior, 1.0) == pytest.approx(min(1 - 1e-4, max(1e-4, posterior)))
    if temperature > 1 and 1e-4 < posterior < 1 - 1e-4:
        assert abs(found - 0.5) <= abs(posterior - 0.5) + 1e-12
    assert calibrated(min(1.0, posterior + 0.1), temperature) >= found
